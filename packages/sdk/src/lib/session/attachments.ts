import { isGuestpassError } from '../errors.ts';
import type { Draft } from '../messaging/actions.ts';
import type { Message } from '../messaging/message.ts';
import { getFile, putFile } from './files.ts';
import { checkFile, type SessionLimits } from './limits.ts';
import type { OutgoingFile, SendOptions, Session } from './session.ts';
import type { SessionParts } from './session-parts.ts';
import { untilClosed } from './until-closed.ts';

/** Says one thing after the other. */
export type Say = (draft: Draft, sending: SendOptions) => Promise<Message>;

/** What a session does with files. */
export type Attachments = Pick<Session, 'upload' | 'attach' | 'download' | 'deleteAttachment'>;

const mostUploads = 3;

export function createAttachments(parts: SessionParts, limits: SessionLimits, say: Say): Attachments {
  const { channel, promises, requests, clock, means, closing } = parts;

  /** An upload that a lost connection broke off is begun anew: what nobody names in a message does no harm. */
  const upload: Session['upload'] = async (file, { signal } = {}) => {
    checkFile({ name: file.name, type: file.type, size: file.bytes.byteLength }, limits, channel.facts);
    for (let uploads = 1; ; uploads += 1) {
      await promises.ready(channel.state, signal);
      try {
        return { id: await untilClosed(closing.signal, signal, (either) => uploadOnce(file, parts, either)) };
      } catch (error) {
        const lost = isGuestpassError(error) && error.code === 'platform_unavailable';
        if (!lost || channel.state !== 'reconnecting' || uploads >= mostUploads) throw error;
      }
    }
  };

  return {
    upload,
    async attach(file, { text = '', ...sending } = {}) {
      const uploaded = await upload(file, sending);
      return say({ text, attachmentIds: [uploaded.id] }, sending);
    },
    async download({ id }, { signal } = {}) {
      await promises.ready(channel.state, signal);
      return untilClosed(closing.signal, signal, async (either) => {
        return getFile(await requests.address(id, either), { exchange: means.files, clock, signal: either });
      });
    },
    async deleteAttachment({ id }, { signal } = {}) {
      await promises.ready(channel.state, signal);
      await untilClosed(closing.signal, signal, (either) => requests.deleteAttachment(id, either));
    },
  };
}

async function uploadOnce(file: OutgoingFile, parts: SessionParts, signal: AbortSignal): Promise<string> {
  const { requests, clock, means } = parts;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const facts = { name: file.name, type: file.type, size: file.bytes.byteLength };
  const { address, arrived } = await requests.announce(facts, either);
  try {
    const put = putFile(address, file, { exchange: means.files, clock, signal: either });
    await Promise.all([put, arrived()]);
    return address.attachmentId;
  } finally {
    stop.abort();
  }
}

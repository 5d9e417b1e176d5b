import type { Clock } from '../clock.ts';
import { isGuestpassError } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { type Draft, sendTyping } from '../messaging/actions.ts';
import type { Message } from '../messaging/message.ts';
import type { Channel } from './channel.ts';
import type { Feed } from './feed.ts';
import { getFile, putFile } from './files.ts';
import type { HistoryReader } from './history.ts';
import { checkDraft, checkFile, type SessionLimits } from './limits.ts';
import type { Link } from './link.ts';
import type { Promises } from './promises.ts';
import type { Requests } from './requests.ts';
import type { OutgoingFile, ReadingOptions, SendOptions, Session } from './session.ts';
import { aborted, goesOn } from './session-errors.ts';
import { defaultPageSize, type SessionOptions } from './session-options.ts';

/** What a session is made of. */
export interface SessionParts {
  readonly channel: Channel;
  readonly link: Link;
  readonly feed: Feed<Message>;
  readonly promises: Promises;
  readonly requests: Requests;
  readonly readHistory: HistoryReader;
  /** Aborts what runs in the background when the session closes. */
  readonly closing: AbortController;
  readonly token: string;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly means: { readonly files: Exchange; close(): Promise<void> };
}

const typingMs = 5000;

/** The session over its parts. */
export function createSession(parts: SessionParts, options: SessionOptions): Session {
  const { channel, link, feed, promises, requests, closing, token, clock, newId } = parts;
  const { limits = {} } = options;
  const say = createSay(parts, limits, options.attributes ?? {});
  let typedAt = Number.NEGATIVE_INFINITY;
  let closed: Promise<void> | undefined;
  const messages: Session['messages'] = ({ signal } = {}) => feed.read(signal);
  const close = () => {
    closed ??= closeParts(parts);
    return closed;
  };
  const startNew: Session['startNew'] = async ({ signal } = {}) => {
    link.input({ type: 'start-new' });
    requests.cutOff();
    await promises.ready(channel.state, signal);
    if (!channel.facts.newSession) throw goesOn();
  };
  return {
    get state() {
      return channel.state;
    },
    get facts() {
      return channel.facts;
    },
    get transcript() {
      return channel.messages;
    },
    messages,
    [Symbol.asyncIterator]: () => messages(),
    send: (text, sending = {}) => say({ text }, sending),
    sendButton: (button, sending = {}) => say({ text: button.text, button }, sending),
    attach: (file, sending = {}) => attach(file, { parts, limits, say, sending }),
    sendTyping() {
      const now = clock.monotonic();
      if (channel.state !== 'ready' || now - typedAt < typingMs) return;
      typedAt = now;
      link.input({ type: 'ask', text: sendTyping({ token, tracingId: newId() }, typingMs) });
    },
    async download({ id }, { signal } = {}) {
      const { files: exchange } = parts.means;
      const either = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
      return getFile(await requests.address(id, either), { exchange, clock, signal: either });
    },
    history: (reading = {}) => readBack(parts, { pageSize: options.historyPageSize ?? defaultPageSize, ...reading }),
    clear: ({ signal } = {}) => requests.clear(signal),
    startNew,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function closeParts({ closing, link, requests, means }: SessionParts): Promise<void> {
  closing.abort();
  link.input({ type: 'close' });
  requests.cutOff();
  await link.ended();
  await means.close();
}

type Say = (draft: Draft, sending: SendOptions) => Promise<Message>;

/** Says one thing after the other. `first` goes with messages until one has arrived. */
function createSay(parts: SessionParts, limits: SessionLimits, first: Readonly<Record<string, string>>): Say {
  const { channel, link, promises, newId } = parts;
  let pending = first;
  return async (draft, { attributes = {}, signal }) => {
    if (signal?.aborted) throw aborted();
    const all = { ...pending, ...attributes };
    const whole = Object.keys(all).length > 0 ? { ...draft, attributes: all } : draft;
    checkDraft(whole, limits, channel.facts);
    const id = newId();
    const giveUp = Promise.withResolvers<never>();
    const onAbort = () => {
      giveUp.reject(aborted());
      promises.forget(id);
      link.input({ type: 'withdraw', id });
    };
    const said = promises.said(id);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      link.input({ type: 'say', id, draft: whole });
      const message = await Promise.race([said, giveUp.promise]);
      pending = {};
      return message;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  };
}

interface Attaching {
  readonly parts: SessionParts;
  readonly limits: SessionLimits;
  readonly say: Say;
  readonly sending: SendOptions & { readonly text?: string };
}

const mostUploads = 3;

/** An upload that a lost connection broke off is begun anew: what nobody names in a message does no harm. */
async function attach(file: OutgoingFile, { parts, limits, say, sending }: Attaching): Promise<Message> {
  const { channel, promises } = parts;
  checkFile({ name: file.name, type: file.type, size: file.bytes.byteLength }, limits, channel.facts);
  for (let upload = 1; ; upload += 1) {
    await promises.ready(channel.state, sending.signal);
    try {
      const attachmentId = await uploadFile(file, parts, sending.signal);
      return await say({ text: sending.text ?? '', attachmentIds: [attachmentId] }, sending);
    } catch (error) {
      const lost = isGuestpassError(error) && error.code === 'platform_unavailable' && channel.state === 'reconnecting';
      if (!lost || upload >= mostUploads) throw error;
    }
  }
}

async function uploadFile(file: OutgoingFile, parts: SessionParts, signal: AbortSignal | undefined): Promise<string> {
  const { requests, clock, means, closing } = parts;
  const stop = new AbortController();
  const either = AbortSignal.any([...(signal ? [signal] : []), closing.signal, stop.signal]);
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

async function readBack(parts: SessionParts, reading: ReadingOptions & { readonly pageSize: number }) {
  const { channel, promises, readHistory } = parts;
  const { pageNumber = 1, pageSize, signal } = reading;
  await promises.ready(channel.state, signal);
  const { entries, more } = await readHistory({ pageNumber, pageSize, signal, fresh: false });
  return { messages: entries.filter((entry) => entry !== null).toReversed(), more };
}

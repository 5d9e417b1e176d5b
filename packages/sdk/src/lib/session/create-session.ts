import { sendTyping } from '../messaging/actions.ts';
import { createAttachments, type Say } from './attachments.ts';
import { checkDraft, type SessionLimits } from './limits.ts';
import type { ReadingOptions, Session } from './session.ts';
import { aborted, goesOn } from './session-errors.ts';
import { defaultPageSize, type SessionOptions } from './session-options.ts';
import type { SessionParts } from './session-parts.ts';
import { createSigning } from './signing.ts';
import { untilClosed } from './until-closed.ts';

const typingMs = 5000;

/** The session over its parts. */
export function createSession(parts: SessionParts, options: SessionOptions): Session {
  const { channel, link, feed, promises, requests, token, clock, newId } = parts;
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
    get signedIn() {
      return parts.renewal.newest;
    },
    messages,
    [Symbol.asyncIterator]: () => messages(),
    send(text, { attachments = [], ...sending } = {}) {
      const attachmentIds = attachments.map(({ id }) => id);
      return say({ text, ...(attachmentIds.length > 0 && { attachmentIds }) }, sending);
    },
    sendButton: (button, sending = {}) => say({ text: button.text, button }, sending),
    ...createAttachments(parts, limits, say),
    sendTyping() {
      const now = clock.monotonic();
      if (channel.state !== 'ready' || now - typedAt < typingMs) return;
      typedAt = now;
      link.input({ type: 'ask', text: sendTyping({ token, tracingId: newId() }, typingMs) });
    },
    history({ pageSize = options.historyPageSize ?? defaultPageSize, ...reading } = {}) {
      return readBack(parts, { ...reading, pageSize });
    },
    async clear({ signal } = {}) {
      await promises.ready(channel.state, signal);
      await untilClosed(parts.closing.signal, signal, (either) => requests.clear(either));
    },
    startNew,
    ...createSigning(parts),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function closeParts({ closing, link, requests, renewal, means }: SessionParts): Promise<void> {
  closing.abort();
  renewal.forget();
  link.input({ type: 'close' });
  requests.cutOff();
  await link.ended();
  await means.close();
}

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

async function readBack(parts: SessionParts, reading: ReadingOptions & { readonly pageSize: number }) {
  const { channel, promises, readHistory, closing } = parts;
  const { pageNumber = 1, pageSize, signal } = reading;
  await promises.ready(channel.state, signal);
  const page = (either: AbortSignal) => readHistory({ pageNumber, pageSize, signal: either, fresh: false });
  const { entries, more } = await untilClosed(closing.signal, signal, page);
  return { messages: entries.filter((entry) => entry !== null).toReversed(), more };
}

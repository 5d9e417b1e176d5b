import { systemClock } from '../clock.ts';
import type { GuestPass } from '../contract/guest-pass.ts';
import type { Exchange } from '../http/exchange.ts';
import { notify } from '../http/notify.ts';
import { sendJoin } from '../messaging/actions.ts';
import type { Message } from '../messaging/message.ts';
import type { Transport } from '../messaging/transport.ts';
import { createSignInClient } from '../sign-in/sign-in-client.ts';
import { apiUrlOf, originOf, type SessionTarget, socketUrl, targetOf } from './address.ts';
import { Channel } from './channel.ts';
import type { Effect } from './channel-io.ts';
import { createSession } from './create-session.ts';
import { createFeed } from './feed.ts';
import { historyReader } from './history.ts';
import { Link, type LinkOptions } from './link.ts';
import { createPromises } from './promises.ts';
import { Renewal } from './renewal.ts';
import { createRequests, type Requests } from './requests.ts';
import type { Session } from './session.ts';
import { aborted } from './session-errors.ts';
import {
  channelOptionsOf,
  checkOptions,
  defaultAnswerTimeoutMs,
  defaultPageSize,
  type SessionOptions,
} from './session-options.ts';
import type { SessionParts } from './session-parts.ts';

/** What a runtime offers to a session. */
export interface Means {
  readonly transport: Transport;
  readonly exchange: Exchange;
  readonly files: Exchange;
  /** Ends what this session alone uses. */
  close(): Promise<void>;
}

/**
 * Connects, and resolves when the session is ready or read-only; rejects, with everything closed, when it will not be.
 *
 * @throws GuestpassError
 */
export async function openSession(
  pass: GuestPass | SessionTarget,
  options: SessionOptions,
  means: Means,
): Promise<Session> {
  const { signal, join = false, newId = randomId } = options;
  checkOptions(options);
  const target = targetOf(pass);
  if (signal?.aborted) throw aborted();
  const parts = assemble(target, options, means);
  const { link, promises, channel } = parts;
  const session = createSession(parts, options);
  link.input({ type: 'open' });
  try {
    await promises.ready(channel.state, signal);
  } catch (error) {
    await session.close();
    throw error;
  }
  if (join && channel.messages.length === 0) {
    link.input({ type: 'ask', text: sendJoin({ token: target.token, tracingId: newId() }) });
  }
  return session;
}

function randomId(): string {
  return crypto.randomUUID();
}

/** Puts the parts together; nothing is connected yet. */
function assemble(target: SessionTarget, options: SessionOptions, means: Means): SessionParts {
  const { token, deploymentId, signedIn } = target;
  const { clock = systemClock, newId = randomId, answerTimeoutMs = defaultAnswerTimeoutMs } = options;
  const { random = Math.random, apiUrl = apiUrlOf(target) } = options;
  const headers = { origin: options.origin ?? originOf(target) };
  const channel = new Channel(channelOptionsOf(target, options));
  const feed = createFeed<Message>();
  const promises = createPromises();
  const closing = new AbortController();
  const ask = (text: string) => link.input({ type: 'ask', text });
  const waitMs = () => channel.waitMs(clock.monotonic());
  const requests = createRequests({ token, clock, newId, timeoutMs: answerTimeoutMs, waitMs, ask });
  const pagesPerMinute = options.limits?.historyPagesPerMinute ?? 10;
  const readHistory = historyReader(requests, { apiUrl, exchange: means.exchange, clock, headers, pagesPerMinute });
  const signInClient = createSignInClient({ apiUrl, exchange: means.exchange, clock, random, headers });
  const renewal = new Renewal({
    client: signInClient,
    deploymentId,
    clock,
    random,
    onJwt: (jwt) => link.input({ type: 'jwt', jwt }),
    onLost: (error, passing) => link.input({ type: 'jwt-lost', error, passing }),
  });
  if (signedIn) renewal.begin(signedIn);
  const link: Link = new Link({
    channel,
    headers,
    clock,
    random,
    onEffect: hearEffects({ promises, feed, renewal }, options),
    url: socketUrl(target),
    transport: means.transport,
    reconnect: options.reconnect ?? {},
    openTimeoutMs: answerTimeoutMs,
    readPage: pageOf(readHistory, options.historyPageSize ?? defaultPageSize, closing.signal),
    ...hearers(requests),
  });
  const parts = { channel, link, feed, promises, requests, readHistory, signInClient, renewal };
  return { ...parts, closing, token, deploymentId, clock, newId, means };
}

/** Tells everybody what the channel wants them to know. */
function hearEffects(
  { promises, feed, renewal }: Pick<SessionParts, 'promises' | 'feed' | 'renewal'>,
  { onEvent, onState }: SessionOptions,
): (effect: Effect) => void {
  return (effect) => {
    promises.onEffect(effect);
    if (effect.type === 'deliver') feed.push(effect.messages);
    else if (effect.type === 'forget') feed.restart();
    else if (effect.type === 'renew') renewal.ask(effect.spent);
    else if (effect.type === 'sign-in-refused') renewal.forget();
    else if (effect.type === 'end') {
      feed.end(effect.error);
      renewal.rest();
    } else if (effect.type === 'event') notify(onEvent, effect.event);
    else if (effect.type === 'state') {
      if (effect.state === 'ready') renewal.wake();
      if (effect.state === 'signed-out') renewal.forget();
      notify(onState, effect.state);
    }
  };
}

/** A walk begins behind everything that was said before; its other pages belong to it. */
function pageOf(
  readHistory: SessionParts['readHistory'],
  pageSize: number,
  closing: AbortSignal,
): LinkOptions['readPage'] {
  return (pageNumber, cut) => {
    const signal = AbortSignal.any([closing, cut]);
    return readHistory({ pageNumber, pageSize, signal, fresh: pageNumber === 1 });
  };
}

function hearers(requests: Requests): Pick<LinkOptions, 'onFrame' | 'onCut'> {
  return { onFrame: (frame) => requests.offer(frame), onCut: () => requests.cutOff() };
}

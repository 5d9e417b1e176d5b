import { type Clock, longestTimerMs } from '../clock.ts';
import { correlationIdOf } from '../http/correlation-id.ts';
import { configureAuthenticatedSession, configureSession } from '../messaging/actions.ts';
import { readServerFrame, type ServerFrame, type SessionFrame } from '../messaging/server-frame.ts';
import { type Connection, type Transport, TransportError } from '../messaging/transport.ts';
import type { Call } from './issuer.ts';

/** What became of one `configureSession`, or of one `configureAuthenticatedSession`. */
export type SessionAnswer = Configured | NoSession;

/** The session stands. */
export interface Configured {
  readonly session: SessionFrame;
  readonly correlationId: string | null;
}

/** Why there is no session: the opening failed, the platform said no, or nobody answered. */
export type NoSession =
  | { readonly opening: TransportError }
  | { readonly refused: RefusedFrame; readonly signedIn: boolean; readonly correlationId: string | null }
  | { readonly failure: 'aborted' | 'deadline' | 'connection_closed'; readonly correlationId: string | null };

/** The frames that answer, when they do not say yes. */
export type RefusedFrame = Extract<ServerFrame, { readonly kind: RefusedKind }>;

type RefusedKind = 'session' | 'error' | 'too-many' | 'expired' | 'logged-out' | 'connection-closed';

/** Where sessions are asked for. */
export interface SessionPlatform {
  /** WebSocket address without query, such as `wss://webmessaging.usw2.pure.cloud/v1`. */
  readonly url: string;
  /** Opens the socket. */
  readonly transport: Transport;
  /** Of the upgrade. */
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

/** One session. */
export interface WantedSession {
  readonly deploymentId: string;
  readonly token: string;
  /** Of a guest who signed in. */
  readonly jwt?: string | undefined;
}

/** Opens one socket, configures one session, and closes. Never rejects for what the platform does. */
export async function askForSession(
  { url, transport, headers, clock }: SessionPlatform,
  wanted: WantedSession,
  call: Call,
): Promise<SessionAnswer> {
  using limit = startLimit(clock, call);
  if (limit.signal.aborted) return { failure: limit.reached ?? 'aborted', correlationId: null };
  let connection: Connection;
  try {
    connection = await transport(addressOf(url, wanted.deploymentId), { headers, signal: limit.signal });
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    return limit.reached ? { failure: limit.reached, correlationId: null } : { opening: error };
  }
  const hangUp = () => connection.close();
  limit.signal.addEventListener('abort', hangUp, { once: true });
  try {
    return await configure(connection, wanted, limit);
  } finally {
    limit.signal.removeEventListener('abort', hangUp);
    hangUp();
  }
}

async function configure(
  connection: Connection,
  { jwt, ...wanted }: WantedSession,
  limit: Limit,
): Promise<SessionAnswer> {
  const correlationId = correlationIdOf(connection.headers) ?? null;
  const asked = { ...wanted, tracingId: 'configure' };
  connection.send(jwt === undefined ? configureSession(asked) : configureAuthenticatedSession(asked, jwt));
  const nobody = limit.left.then(() => undefined);
  const answer = await Promise.race([firstAnswer(connection.frames), nobody]);
  if (limit.reached) return { failure: limit.reached, correlationId };
  if (!answer) return { failure: 'connection_closed', correlationId };
  return answer.kind === 'session' && answer.connected
    ? { session: answer, correlationId }
    : { refused: answer, signedIn: jwt !== undefined, correlationId };
}

/** The first frame that says yes or no; others may come before it. */
async function firstAnswer(frames: Connection['frames']): Promise<RefusedFrame | undefined> {
  for await (const text of frames) {
    const frame = readServerFrame(text);
    switch (frame.kind) {
      case 'session':
      case 'error':
      case 'too-many':
      case 'expired':
      case 'logged-out':
      case 'connection-closed':
        return frame;
    }
  }
  return undefined;
}

function addressOf(url: string, deploymentId: string): string {
  return `${url}?${new URLSearchParams({ deploymentId })}`;
}

/** The end of one try: the caller's signal, or the deadline. */
interface Limit extends Disposable {
  readonly signal: AbortSignal;
  /** Resolves when the end has come. */
  readonly left: Promise<void>;
  readonly reached: 'aborted' | 'deadline' | undefined;
}

function startLimit(clock: Clock, { signal, deadlineAt }: Call): Limit {
  const controller = new AbortController();
  const left = Promise.withResolvers<void>();
  let reached: Limit['reached'];
  const end = (why: 'aborted' | 'deadline') => {
    reached ??= why;
    controller.abort();
    left.resolve();
  };
  const abort = () => end('aborted');
  const leftMs = deadlineAt === undefined ? Number.POSITIVE_INFINITY : deadlineAt - clock.monotonic();
  if (signal?.aborted) end('aborted');
  else if (leftMs <= 0) end('deadline');
  signal?.addEventListener('abort', abort, { once: true });
  const cancel = leftMs > 0 && leftMs <= longestTimerMs ? clock.after(leftMs, () => end('deadline')) : undefined;
  return {
    signal: controller.signal,
    left: left.promise,
    get reached() {
      return reached;
    },
    [Symbol.dispose]() {
      cancel?.();
      signal?.removeEventListener('abort', abort);
    },
  };
}

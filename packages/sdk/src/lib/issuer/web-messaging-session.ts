import { type Clock, longestTimerMs } from '../clock.ts';
import { correlationIdOf } from '../http/correlation-id.ts';
import { configureAuthenticatedSession, configureSession } from '../messaging/actions.ts';
import { readServerFrame, type ServerFrame, type SessionFrame } from '../messaging/server-frame.ts';
import { type Connection, type Transport, TransportError } from '../messaging/transport.ts';
import type { Call } from './issuer.ts';

/** What became of one `configureSession`, or of one `configureAuthenticatedSession`. */
export type SessionAnswer = { readonly session: SessionFrame; readonly correlationId: string | null } | NoSession;

/** Why there is no session: the opening failed, the platform said no, or nobody answered. */
export type NoSession =
  | { readonly opening: TransportError }
  | { readonly refused: RefusedFrame; readonly signedIn: boolean; readonly correlationId: string | null }
  | { readonly failure: 'aborted' | 'deadline' | 'connection_closed' };

/** The frames that answer, when they do not say yes. */
export type RefusedFrame = Extract<ServerFrame, { readonly kind: RefusedKind }>;

type RefusedKind = 'session' | 'error' | 'too-many' | 'expired' | 'logged-out' | 'connection-closed';

interface Platform {
  readonly url: string;
  readonly transport: Transport;
  readonly origin: string;
  readonly clock: Clock;
}

interface Wanted {
  readonly deploymentId: string;
  readonly token: string;
  /** Of a guest who signed in. */
  readonly jwt?: string | undefined;
}

/** Opens one socket, configures one session, and closes. Never rejects for what the platform does. */
export async function askForSession(platform: Platform, wanted: Wanted, call: Call): Promise<SessionAnswer> {
  using limit = startLimit(platform.clock, call);
  if (limit.signal.aborted) return { failure: limit.reached ?? 'aborted' };
  let connection: Connection;
  try {
    connection = await platform.transport(addressOf(platform.url, wanted.deploymentId), {
      headers: { origin: platform.origin },
      signal: limit.signal,
    });
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    return limit.reached ? { failure: limit.reached } : { opening: error };
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

async function configure(connection: Connection, { jwt, ...wanted }: Wanted, limit: Limit): Promise<SessionAnswer> {
  const correlationId = correlationIdOf(connection.headers) ?? null;
  const asked = { ...wanted, tracingId: 'configure' };
  connection.send(jwt === undefined ? configureSession(asked) : configureAuthenticatedSession(asked, jwt));
  const nobody = limit.left.then(() => undefined);
  const answer = await Promise.race([firstAnswer(connection.frames), nobody]);
  if (limit.reached) return { failure: limit.reached };
  if (!answer) return { failure: 'connection_closed' };
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

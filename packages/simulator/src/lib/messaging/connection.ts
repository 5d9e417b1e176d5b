import type { SimulatorClock } from '../clock.ts';
import { executes, type ParsedFault } from '../faults/fault.ts';
import type { FaultScript } from '../faults/faults.ts';
import type { Member } from './audience.ts';
import type { Deployment } from './deployment.ts';
import type { Line } from './line.ts';
import { createOutbox } from './outbox.ts';
import { refusal, requestRateTooHigh, type ServerFrame, tooManyRequests, traced } from './server-frame.ts';
import type { Session } from './session.ts';

/** One socket of a guest, as the actions see it. */
export interface Connection extends Member {
  readonly id: string;
  readonly deployment: Deployment;
  /** The session configured on it. */
  readonly session: Session | undefined;
  /** The token it was configured with. */
  readonly token: string | undefined;
  /** Makes it a connection of this session, and of no other. */
  bind(session: Session, token: string): void;
}

/** Handles the text of one frame, `undefined` for a binary one, and returns what is answered. */
export type Handle = (text: string | undefined, connection: Connection) => readonly ServerFrame[];

export interface ConnectionOptions {
  readonly id: string;
  readonly deployment: Deployment;
  readonly baseUrl: string;
  readonly line: Line;
  readonly clock: SimulatorClock;
  readonly faults: FaultScript;
  readonly handle: Handle;
  readonly onClosed: () => void;
}

/** Puts a guest's socket to work. */
export function createConnection(options: ConnectionOptions): Connection {
  const { id, deployment, baseUrl, line, clock, faults, handle } = options;
  const outbox = createOutbox({ line, clock, faults });
  let session: Session | undefined;
  let token: string | undefined;

  const send = (frame: ServerFrame) => outbox.push(JSON.stringify(frame));
  const answer = (text: string | undefined) => {
    for (const frame of handle(text, connection)) send(frame);
  };
  const spoil = (fault: ParsedFault, text: string | undefined) => {
    if (fault.delayMs !== undefined) outbox.pause(fault.delayMs);
    const answered = !fault.reset && !fault.stall && fault.code === undefined;
    if (!answered && executes(fault)) outbox.silently(() => answer(text));
    if (fault.reset) outbox.drop();
    if (fault.expire) session?.expire();
    if (fault.code !== undefined) send(traced(faultFrame(fault.code, fault), tracingIdOf(text)));
    if (answered) answer(text);
  };

  const connection: Connection = {
    id,
    deployment,
    baseUrl,
    get session() {
      return session;
    },
    send,
    close: () => outbox.close(),
    get token() {
      return token;
    },
    bind(next, nextToken) {
      if (session !== next) session?.leave(connection);
      session = next;
      token = nextToken;
      next.join(connection);
    },
    release() {
      session?.leave(connection);
      session = undefined;
    },
  };
  line.listen({
    received(text) {
      if (outbox.over) return;
      const fault = faults.take('action');
      if (fault) spoil(fault, text);
      else answer(text);
    },
    closed() {
      outbox.end();
      connection.release();
      options.onClosed();
    },
  });
  return connection;
}

function faultFrame(code: number, { retryAfterSeconds = 3 }: ParsedFault): ServerFrame {
  if (code === 429 || code === requestRateTooHigh) {
    return tooManyRequests(retryAfterSeconds, 'Message rate too high for this session');
  }
  return refusal(code, 'The request failed.');
}

function tracingIdOf(text: string | undefined): string | undefined {
  return /"tracingId"\s*:\s*"([^"\\]*)"/.exec(text ?? '')?.[1];
}

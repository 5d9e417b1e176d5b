import type { ServerResponse } from 'node:http';
import type { Clock } from 'guestpass';
import type { Connection } from './connections.ts';
import type { Problems } from './problem.ts';
import type { ProblemCode } from './problem-table.ts';
import type { Refusal } from './refusal.ts';
import { requestId } from './request-id.ts';
import { wireAnswer } from './wire-answer.ts';

/** A request that never reached the app, or a connection that was turned away. */
export interface Turned {
  readonly code: ProblemCode | 'too_many_connections';
  /** The socket's own address. */
  readonly address: string;
}

export interface TurnAwayOptions {
  readonly clock: Clock;
  readonly problems: Problems;
  /** Told of each that was turned away. */
  readonly onTurned: (turned: Turned) => void;
}

/** Answers what never reaches the app. */
export interface TurnAway {
  /** Answers a request that was parsed. It is told under the code of the refusal, or as `as`. */
  answer(outgoing: ServerResponse, refusal: Refusal, as?: Turned['code']): void;
  /** Answers on the bare socket and closes it. */
  tell(connection: Connection, refusal: Refusal): void;
  /** Answers what the parser could not read, after the answers that come first, and closes the connection. */
  giveUp(connection: Connection, error: unknown): void;
}

export function createTurnAway({ clock, problems, onTurned }: TurnAwayOptions): TurnAway {
  const tell = ({ socket }: Connection, refusal: Refusal) => {
    onTurned({ code: refusal.code, address: socket.remoteAddress ?? '' });
    if (!socket.writable) return void socket.destroy();
    socket.write(wireAnswer(problems.answer(refusal, requestId()), new Date(clock.now())));
    socket.destroySoon();
  };

  return {
    answer(outgoing, refusal, as = refusal.code) {
      onTurned({ code: as, address: outgoing.socket?.remoteAddress ?? '' });
      const { status, headers, body } = problems.answer(refusal, requestId());
      outgoing.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
      outgoing.end(body);
    },
    tell(connection, refusal) {
      connection.condemned = true;
      tell(connection, refusal);
    },
    giveUp(connection, error) {
      const { socket, open, isReceiving, condemned } = connection;
      connection.condemned = true;
      // Once it is condemned, the rest of what comes is bound to be unreadable too.
      if (condemned) return;
      const refusal = faultOf(error);
      if (!refusal || !socket.writable) return void socket.destroy();
      const answers = [...open];
      // The one whose own body is at fault will not be answered by the app.
      const faulty = isReceiving ? answers.pop() : undefined;
      const finish = () => (faulty?.headersSent ? socket.destroy() : tell(connection, refusal));
      const last = answers.at(-1);
      if (last) last.once('close', finish);
      else finish();
    },
  };
}

/** What the parser's error means to the caller; `undefined` when nobody is left to be told. */
function faultOf(error: unknown): Refusal | undefined {
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'HPE_HEADER_OVERFLOW':
      return { code: 'headers_too_large', detail: 'The headers are larger than is read.' };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { code: 'request_timeout', detail: 'The request did not arrive in time.' };
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ETIMEDOUT':
      return undefined;
    default:
      return { code: 'http_malformed', detail: 'The request is not HTTP/1.1.' };
  }
}

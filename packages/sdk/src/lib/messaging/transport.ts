/** How a connection is opened. */
export interface OpenOptions {
  /** Headers of the upgrade request, lower-case names. A browser sends its own and ignores these. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Gives the opening up. It does not touch a connection that is open. */
  readonly signal?: AbortSignal;
}

/** How a connection ended. */
export interface Closed {
  /** Status of RFC 6455 section 7.4; 1005 when none was sent, 1006 when the connection broke. */
  readonly code: number;
  readonly reason: string;
}

/** One open connection that carries text frames. */
export interface Connection {
  /** Headers of the answer that opened it, lower-case names; empty where the runtime does not show them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Sends one frame. What is sent on a connection that has ended is dropped: {@link Connection.closed} tells. */
  send(text: string): void;
  /** Text frames in the order of their arrival, up to the end of the connection. For one reader. */
  readonly frames: AsyncIterable<string>;
  /** Begins the closing handshake; default 1000. May be called again. */
  close(code?: number): void;
  /** Resolves when the connection has ended, whoever ended it. Never rejects. */
  readonly closed: Promise<Closed>;
}

/**
 * Opens a WebSocket (RFC 6455). Rejects with a {@link TransportError} when no connection came about.
 */
export type Transport = (url: string, options?: OpenOptions) => Promise<Connection>;

/** What is known of a connection that did not come about. */
export interface TransportErrorDetails {
  /** Status of an answer that was no upgrade. */
  readonly status?: number;
  /** Headers of that answer, lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** True when trying again cannot help, as with a certificate that is not trusted. */
  readonly permanent?: boolean;
  readonly cause?: unknown;
}

/**
 * No connection came about. `failure` is `upgrade_refused` when there was an answer, `aborted`, or what
 * `classifyFailure` calls it, such as `ECONNREFUSED`.
 */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly failure: string;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly permanent: boolean;

  constructor(failure: string, details: TransportErrorDetails = {}) {
    super(`No connection: ${failure}.`, 'cause' in details ? { cause: details.cause } : undefined);
    this.failure = failure;
    this.status = details.status;
    this.headers = details.headers ?? {};
    this.permanent = details.permanent ?? false;
  }
}

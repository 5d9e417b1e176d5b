import type { Clock } from 'guestpass';
import type { Exchange } from 'guestpass/http';
import type { Network } from '../network.ts';

/** Where text goes, and who is likely to read it. */
export interface Terminal {
  /** Standard output: data. */
  out(text: string): void;
  /** Resolves once standard output takes more: at once, unless its reader is slow. Never rejects. */
  room(): Promise<void>;
  /** Aborts when nobody reads standard output any more. */
  readonly unread: AbortSignal;
  /** Standard error: talk. */
  err(text: string): void;
  readonly inIsTty: boolean;
  readonly outIsTty: boolean;
  readonly errIsTty: boolean;
}

/** Everything a command takes from outside. */
export interface Surroundings {
  /** Arguments after the name of the program. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  /** Reads a file as UTF-8; a relative path starts at the working directory. Throws the system's error. */
  readonly readFile: (path: string) => string;
  /** True when others on this machine can read a file. Default: that is not known of any. */
  readonly isOpenToOthers?: (path: string) => boolean;
  /** Opens a page in the browser; resolves with whether a program took it. Default: there is no browser. */
  readonly openBrowser?: (url: string) => Promise<boolean>;
  /** Reads standard input to its end, as UTF-8. */
  readonly readStdin: () => Promise<string>;
  /** Reads standard input as it comes, until it ends or the signal aborts, which is no error. */
  readonly stdin: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
  /** Reads standard input line by line, as UTF-8, until it ends or the signal aborts. */
  readonly readLines: (signal: AbortSignal) => AsyncIterable<string>;
  /** Reads a file as it is. Throws the system's error. */
  readonly readBytes: (path: string) => Uint8Array;
  /** Writes a file that is not there yet. Throws the system's error, such as `EEXIST`. */
  readonly writeFile: (path: string, bytes: Uint8Array) => void;
  /** Aborts when the user or the system asks the command to end. */
  readonly signal: AbortSignal;
  /**
   * Ends the process, with exit code 1 and within 5 seconds, after what nobody caught: `end` is told of the first, and has
   * that long to say so and to close what it can. Default: Node.js ends it at once. Disposing goes back to that.
   */
  readonly endOnCrash?: (end: (error: unknown) => Promise<void>) => Disposable;
  /**
   * Calls `then` each time somebody asks to read the configuration again (SIGHUP), until disposed; when the terminal has
   * closed `signal` aborts instead. Default: nobody asks, and the signal does what Node.js makes of it.
   */
  readonly onReload?: (then: () => void) => Disposable;
  /** Default: the system's clock. */
  readonly clock?: Clock;
  /** The network. Default: a pool of connections of its own. */
  readonly exchange?: Exchange;
  /** The network beyond whole answers. Default: that of this machine. */
  readonly network?: Network;
  /** Version of Node.js, such as `24.21.0`. */
  readonly nodeVersion: string;
}

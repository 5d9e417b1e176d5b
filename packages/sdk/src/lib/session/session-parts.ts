import type { Clock } from '../clock.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Message } from '../messaging/message.ts';
import type { SignInClient } from '../sign-in/sign-in-client.ts';
import type { Channel } from './channel.ts';
import type { Feed } from './feed.ts';
import type { HistoryReader } from './history.ts';
import type { Link } from './link.ts';
import type { Promises } from './promises.ts';
import type { Renewal } from './renewal.ts';
import type { Requests } from './requests.ts';

/** What a session is made of. */
export interface SessionParts {
  readonly channel: Channel;
  readonly link: Link;
  readonly feed: Feed<Message>;
  readonly promises: Promises;
  readonly requests: Requests;
  readonly readHistory: HistoryReader;
  readonly signInClient: SignInClient;
  readonly renewal: Renewal;
  /** Aborts what runs in the background when the session closes. */
  readonly closing: AbortController;
  readonly token: string;
  readonly deploymentId: string;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly means: { readonly files: Exchange; close(): Promise<void> };
}

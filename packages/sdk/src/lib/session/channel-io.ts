import type { GuestpassError } from '../errors.ts';
import type { AttributesPlacement, Draft } from '../messaging/actions.ts';
import type { ConversationEvent, Message } from '../messaging/message.ts';
import type { ServerFrame } from '../messaging/server-frame.ts';
import type { HistoryPage } from './history-walk.ts';
import type { PaceOptions } from './pace.ts';

/**
 * Where a session stands. `configuring` also covers the first reading of the history, and the beginning of the next
 * conversation; after a lost connection it is `reconnecting` until nothing is missing any more. `signed-out` is the end
 * of a guest who signed in: signed out here or elsewhere, or without a JWT that the platform takes.
 */
export type SessionState =
  | 'connecting'
  | 'configuring'
  | 'ready'
  | 'read-only'
  | 'reconnecting'
  | 'expired'
  | 'signed-out'
  | 'closed';

/** What happens beside the messages. */
export type SessionEvent =
  | ConversationEvent
  | { readonly type: 'cleared' }
  /** The guest signed in on another connection, where the conversation goes on; this session is closed. */
  | { readonly type: 'signed-in-elsewhere' }
  /** The history could not be read after a gap: messages may be missing until the next reconnect. */
  | { readonly type: 'history-unavailable' }
  /** The platform refused something that nobody waits for. */
  | { readonly type: 'problem'; readonly platformCode: number };

export interface ChannelOptions extends PaceOptions {
  readonly token: string;
  readonly deploymentId: string;
  /** Of a guest who signed in before the session begins. */
  readonly jwt?: string | undefined;
  readonly attributesPlacement: AttributesPlacement;
  /** Failed connections in a row before the session is given up. */
  readonly mostAttempts: number;
  /** Pages of history to read when the session begins. */
  readonly firstPages: number;
  /** How long an echo or an answer may take, in milliseconds. */
  readonly answerTimeoutMs: number;
  /** Silence after which a sign of life is asked for, in milliseconds. */
  readonly healthCheckMs: number;
}

export type TimerName = 'answer' | 'echo' | 'flush' | 'health' | 'pong' | 'history';

/** What happens to a channel. */
export type ChannelInput =
  | { readonly type: 'open' }
  | { readonly type: 'connected' }
  /** The connection ended, or none came about; `error` when trying again cannot help. */
  | { readonly type: 'disconnected'; readonly error?: GuestpassError; readonly retryAfterMs?: number }
  | { readonly type: 'frame'; readonly frame: ServerFrame }
  | { readonly type: 'timer'; readonly timer: TimerName }
  | { readonly type: 'history'; readonly walk: number; readonly page: HistoryPage }
  | { readonly type: 'history-failed'; readonly walk: number; readonly retryAfterMs: number }
  | { readonly type: 'say'; readonly id: string; readonly draft: Draft }
  /** Nobody waits for this message any more; it is not sent unless it was. */
  | { readonly type: 'withdraw'; readonly id: string }
  /** A request that is no message; it is dropped when the connection is. */
  | { readonly type: 'ask'; readonly text: string }
  /** A guest who was nobody has a JWT now. */
  | { readonly type: 'sign-in'; readonly jwt: string }
  /** The newest JWT, be it asked for or not. */
  | { readonly type: 'jwt'; readonly jwt: string }
  /** There is no other JWT; `passing` says that there may be one later. */
  | { readonly type: 'jwt-lost'; readonly error: GuestpassError; readonly passing: boolean }
  | { readonly type: 'sign-out' }
  | { readonly type: 'start-new' }
  | { readonly type: 'close' };

/** What a channel wants done. */
export type Effect =
  /** Open a connection: the first at once, later ones after a backoff of their own and not before `atLeastMs`. */
  | { readonly type: 'dial'; readonly attempt: number; readonly atLeastMs: number }
  /** Close the connection politely; nothing of it matters any more. */
  | { readonly type: 'hang-up' }
  /** The connection is dead: forget it and say it is disconnected. */
  | { readonly type: 'drop' }
  | { readonly type: 'transmit'; readonly text: string }
  | { readonly type: 'timer'; readonly timer: TimerName; readonly delayMs: number }
  | { readonly type: 'cancel'; readonly timer: TimerName }
  | { readonly type: 'fetch-history'; readonly walk: number; readonly pageNumber: number }
  /** Messages for the guest, in order. */
  | { readonly type: 'deliver'; readonly messages: readonly Message[] }
  /** The conversation so far is gone. */
  | { readonly type: 'forget' }
  | { readonly type: 'settle'; readonly id: string; readonly message: Message }
  | { readonly type: 'reject'; readonly id: string; readonly error: GuestpassError }
  /** The platform refused this JWT: get another one, or say that there is none. */
  | { readonly type: 'renew'; readonly spent: string }
  /** The session is that of the account now, or has expired, and the next one will be. */
  | { readonly type: 'signed-in' }
  /** The session did not become that of the account. */
  | { readonly type: 'sign-in-refused'; readonly error: GuestpassError }
  | { readonly type: 'event'; readonly event: SessionEvent }
  | { readonly type: 'state'; readonly state: SessionState }
  /** No more messages come; with an error when that is a failure. */
  | { readonly type: 'end'; readonly error?: GuestpassError };

import type { GuestpassError } from '../errors.ts';
import type { Conversed, Message } from '../messaging/message.ts';
import { isPassing } from '../messaging/platform-code.ts';
import type { ChannelInput, Effect } from './channel-io.ts';
import { Hearing } from './hearing.ts';
import { readOnly, refusedToSay } from './session-errors.ts';
import { Speech, type SpeechOptions } from './speech.ts';

export interface ConversationOptions extends SpeechOptions {
  /** Pages of history to read when the conversation begins. */
  readonly firstPages: number;
}

/** What may happen to a conversation. */
export type ConversationInput = Extract<
  ChannelInput,
  { readonly type: 'say' | 'withdraw' | 'ask' | 'history' | 'history-failed' }
>;

/** Pages of history to read after a gap, at most. */
const mostPages = 40;

/**
 * What is said and heard, over all connections. After a gap the history is read, what was sent is looked up in it and said
 * again where it did not arrive; only then the guest says more.
 */
export class Conversation {
  readonly #emit: (effect: Effect) => void;
  readonly #firstPages: number;
  readonly #speech: Speech;
  readonly #hearing: Hearing;
  #hasBegun = false;
  #isWhole = false;
  #isReading = false;

  constructor({ firstPages, ...options }: ConversationOptions) {
    this.#emit = options.emit;
    this.#firstPages = firstPages;
    this.#speech = new Speech(options);
    this.#hearing = new Hearing({ emit: options.emit, onRead: (fresh) => this.#read(fresh) });
  }

  get messages(): readonly Message[] {
    return this.#hearing.messages;
  }

  /** True once nothing was missing; from then on another connection is a re-connection. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** True while nothing is missing. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  take(input: ConversationInput): void {
    switch (input.type) {
      case 'say':
        this.#speech.say(input.id, input.draft);
        break;
      case 'withdraw':
        this.#speech.withdraw(input.id);
        break;
      case 'ask':
        this.#speech.ask(input.text);
        break;
      case 'history':
        this.#hearing.page(input.walk, input.page);
        break;
      case 'history-failed':
        this.#hearing.missed(input.walk, input.retryAfterMs);
    }
  }

  /** Another connection is there, with limits of its own. */
  reconnected(now: number): void {
    this.#speech.reconnected(now);
  }

  /** The connection is one of the session. A conversation that has just begun has nothing to be read. */
  configured({ isNew, isAnother }: { readonly isNew: boolean; readonly isAnother: boolean }): void {
    if (isAnother) this.#hearing.restart();
    if (!isNew) {
      this.#catchUp();
    } else {
      this.#hearing.goOn();
      this.#whole();
    }
  }

  heard({ message, events }: Conversed, tracingId: string | undefined): void {
    for (const event of events) this.#emit({ type: 'event', event });
    if (!message) return;
    // What is told twice is no echo of something that was said since, though it says the same.
    if (tracingId !== undefined || !this.#hearing.knows(message.id)) this.#speech.heard(tracingId, message);
    this.#hearing.hear(message);
  }

  /** Reads a page again that could not be read. */
  fetch(): void {
    this.#hearing.fetch();
  }

  /** Nobody knows whether the message under way arrived: the history does. */
  lookUp(): void {
    this.#speech.doubt();
    if (!this.#isReading && this.#speech.inDoubt) this.#catchUp();
  }

  /** True when a refusal with this tracing id is that of the message under way. */
  isUnderWay(tracingId: string | undefined): boolean {
    return this.#speech.isUnderWay(tracingId);
  }

  refused(code: number, tracingId: string | undefined): void {
    if (!this.isUnderWay(tracingId)) this.#emit({ type: 'event', event: { type: 'problem', platformCode: code } });
    else if (isPassing(code)) this.lookUp();
    else this.#speech.refuse(code === 409 ? readOnly() : refusedToSay(code));
  }

  tooMany(tracingId: string | undefined, retryAfterMs: number | null, now: number): void {
    this.#speech.tooMany(tracingId, retryAfterMs, now);
  }

  /** How long a request has to wait for its turn, in milliseconds. */
  waitMs(now: number): number {
    return this.#speech.waitMs(now);
  }

  /** Sends what the limits allow: requests, and messages unless the history is being read. */
  flush(now: number): void {
    this.#speech.flush(now, !this.#isReading);
  }

  /** What was said so far is gone. */
  forget(): void {
    this.#hearing.forget();
  }

  /** Ends every message that has not arrived. */
  silence(error: GuestpassError): void {
    this.#speech.silence(error);
  }

  /** The connection is gone. */
  cutOff(): void {
    this.#hearing.cutOff();
    this.#speech.cutOff();
    this.#isWhole = false;
  }

  #catchUp(): void {
    this.#isReading = true;
    const behindGap = !this.#isWhole || this.messages.length === 0;
    this.#hearing.read(this.#hasBegun ? mostPages : this.#firstPages, behindGap);
  }

  #read(fresh: readonly Message[] | undefined): void {
    this.#speech.lookedUp(fresh);
    this.#whole();
  }

  #whole(): void {
    this.#isReading = false;
    this.#hasBegun = true;
    this.#isWhole = true;
  }
}

import type { Message } from '../messaging/message.ts';
import type { Effect } from './channel-io.ts';
import { createHistoryWalk, type HistoryPage, type HistoryWalk } from './history-walk.ts';
import { createTranscript, type Transcript } from './transcript.ts';

export interface HearingOptions {
  readonly emit: (effect: Effect) => void;
  /** Told when the history was read, with what was new; or that it cannot be read. */
  readonly onRead: (fresh: readonly Message[] | undefined) => void;
}

/** Behind so many messages that came by themselves, none can be on its way. */
const mostDisorder = 50;
const mostTries = 3;
const retryMs = 1000;

/**
 * What the guest hears: the conversation in order, each message once. After a gap the history is read back to where
 * nothing is missing, and what comes meanwhile is held until then.
 */
export class Hearing {
  readonly #emit: HearingOptions['emit'];
  readonly #onRead: HearingOptions['onRead'];
  readonly #transcript: Transcript = createTranscript();
  /** Messages behind which nothing is missing: the history told so, or they are long past. */
  readonly #settled = new Set<string>();
  #walk: HistoryWalk | undefined;
  /** Tells the pages of this walk from those of one that was broken off. */
  #walkNumber = 0;
  #tries = 0;
  #held: Message[] = [];
  /** True while something before what comes may be missing: on a connection that is new, until the history was read. */
  #holds = true;

  constructor({ emit, onRead }: HearingOptions) {
    this.#emit = emit;
    this.#onRead = onRead;
  }

  get messages(): readonly Message[] {
    return this.#transcript.messages;
  }

  /** True for a message that came before, be it held. */
  knows(id: string): boolean {
    return this.#transcript.has(id) || this.#held.some((message) => message.id === id);
  }

  /** Takes a message that came by itself. */
  hear(message: Message): void {
    if (this.#holds) this.#held.push(message);
    else if (this.#transcript.add(message)) this.#deliver([message]);
  }

  /** Nothing is missing, and nothing has to be read. */
  goOn(): void {
    this.#release([]);
  }

  /** Begins to read the history, `mostPages` at most. Behind a gap, what comes meanwhile has to wait. */
  read(mostPages: number, behindGap: boolean): void {
    this.#holds = behindGap;
    for (const { id } of this.#transcript.messages.slice(0, -mostDisorder)) this.#settled.add(id);
    this.#walk = createHistoryWalk({ isSettled: (id) => this.#settled.has(id), mostPages });
    this.#tries = 0;
    this.fetch();
  }

  fetch(): void {
    if (!this.#walk) return;
    this.#walkNumber += 1;
    this.#emit({ type: 'fetch-history', walk: this.#walkNumber, pageNumber: this.#walk.pageNumber });
  }

  page(walk: number, page: HistoryPage): void {
    if (!this.#walk || walk !== this.#walkNumber) return;
    this.#tries = 0;
    if (!this.#walk.take(page)) {
      this.fetch();
      return;
    }
    const fresh = this.#transcript.merge(this.#walk.stretch, this.#walk.fromStart);
    for (const { id } of this.#walk.stretch) this.#settled.add(id);
    this.#release(fresh);
    this.#onRead(fresh);
  }

  missed(walk: number, retryAfterMs: number): void {
    if (!this.#walk || walk !== this.#walkNumber) return;
    this.#tries += 1;
    if (this.#tries <= mostTries) {
      const delayMs = Math.max(retryAfterMs, retryMs * 2 ** (this.#tries - 1));
      this.#emit({ type: 'timer', timer: 'history', delayMs });
    } else {
      this.#release([]);
      this.#emit({ type: 'event', event: { type: 'history-unavailable' } });
      this.#onRead(undefined);
    }
  }

  /** The connection is gone: what was read and held comes with the next history. */
  cutOff(): void {
    this.#walk = undefined;
    this.#walkNumber += 1;
    this.#held = [];
    this.#holds = true;
  }

  /** The conversation is gone. */
  forget(): void {
    this.#held = [];
    this.restart();
  }

  /** Another conversation is there; what is held was said in it. */
  restart(): void {
    this.#transcript.clear();
    this.#settled.clear();
    this.#emit({ type: 'forget' });
  }

  /** Delivers what the history told and what came meanwhile, in order. */
  #release(fresh: readonly Message[]): void {
    const came = this.#held.filter((message) => this.#transcript.add(message));
    const ids = new Set([...fresh, ...came].map(({ id }) => id));
    this.#held = [];
    this.#holds = false;
    this.#walk = undefined;
    this.#deliver(this.#transcript.messages.filter(({ id }) => ids.has(id)));
  }

  #deliver(messages: readonly Message[]): void {
    if (messages.length > 0) this.#emit({ type: 'deliver', messages });
  }
}

import { GuestpassError } from '../errors.ts';
import { type AttributesPlacement, type Draft, sendMessage } from '../messaging/actions.ts';
import type { Message } from '../messaging/message.ts';
import type { Effect } from './channel-io.ts';
import { createPace, type Pace, type PaceOptions } from './pace.ts';

export interface SpeechOptions extends PaceOptions {
  readonly token: string;
  readonly attributesPlacement: AttributesPlacement;
  /** How long an echo may take, in milliseconds, before the message is looked up. */
  readonly answerTimeoutMs: number;
  readonly emit: (effect: Effect) => void;
}

interface Outgoing {
  readonly id: string;
  readonly draft: Draft;
  tries: number;
  /** True when nobody waits for it any more; then it is not sent again. */
  withdrawn: boolean;
}

const mostWaiting = 100;
const mostTries = 5;
/** Nobody waits longer for a turn. */
const longestWaitMs = 300_000;
const longestPauseMs = 3_600_000;
const usualRetryAfterMs = 3000;

/**
 * What the guest says, in order, one message at a time: the next one goes when the platform has sent the one before it
 * back. So at most one message is ever in doubt, and none overtakes another.
 */
export class Speech {
  readonly #options: SpeechOptions;
  readonly #pace: Pace;
  readonly #waiting: Outgoing[] = [];
  #asking: string[] = [];
  #underWay: Outgoing | undefined;
  #inDoubt = false;
  /** Echoes that came since the history was read: in it, they are no other message's. */
  readonly #echoes = new Set<string>();

  constructor(options: SpeechOptions) {
    this.#options = options;
    this.#pace = createPace(options);
  }

  /** True when a message was sent and it is not known whether it arrived. */
  get inDoubt(): boolean {
    return this.#inDoubt;
  }

  say(id: string, draft: Draft): void {
    if (this.#waiting.length < mostWaiting) this.#waiting.push({ id, draft, tries: 0, withdrawn: false });
    else this.#emit({ type: 'reject', id, error: overloaded() });
  }

  /** Nobody waits for this message any more; what was sent is not taken back. */
  withdraw(id: string): void {
    const at = this.#waiting.findIndex((outgoing) => outgoing.id === id);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (this.#underWay?.id === id) this.#underWay.withdrawn = true;
  }

  /** Takes a request that is no message. */
  ask(text: string): void {
    this.#asking.push(text);
  }

  /** Sends what the limits allow; the rest waits for a timer or for the next call. */
  flush(now: number, mayTalk: boolean): void {
    if (this.#flushRequests(now) && mayTalk && !this.#underWay) this.#flushMessage(now);
  }

  /** How long a request has to wait for its turn, in milliseconds. */
  waitMs(now: number): number {
    return this.#pace.waitMs('request', now);
  }

  /** Takes what may be the platform's echo. One without a tracing id is known by what it says. */
  heard(tracingId: string | undefined, message: Message): void {
    if (!this.#underWay) return;
    const { id, draft } = this.#underWay;
    if (tracingId === undefined ? isEcho(message, draft) : isOf(id, tracingId)) this.#settle(message);
  }

  /** Another connection is there, with limits of its own. */
  reconnected(now: number): void {
    this.#pace.reconnected(now);
  }

  /** The connection is gone: what was sent is in doubt, requests are forgotten. */
  cutOff(): void {
    this.#asking = [];
    this.doubt();
  }

  /** The echo did not come. */
  doubt(): void {
    this.#inDoubt = this.#underWay !== undefined;
  }

  /** The history was read, and told this anew; or it cannot be read. Nothing is in doubt afterwards. */
  lookedUp(fresh: readonly Message[] | undefined): void {
    const unclaimed = fresh?.filter(({ id }) => !this.#echoes.has(id));
    if (fresh) this.#echoes.clear();
    const { draft } = this.#underWay ?? {};
    if (!draft) return;
    // Also when nobody asked for it: the next history does not tell it as anew.
    const message = unclaimed?.find((candidate) => isEcho(candidate, draft));
    if (message) this.#settle(message);
    else if (!this.#inDoubt) return;
    else if (fresh) this.#again(unavailable);
    else this.refuse(unknown());
  }

  /** The platform wants fewer messages. Hostile spans end in a refusal, not in a stall. */
  tooMany(tracingId: string | undefined, retryAfterMs: number | null, now: number): void {
    const pauseMs = Math.min(retryAfterMs ?? usualRetryAfterMs, longestPauseMs);
    this.#pace.pauseUntil(now + pauseMs);
    if (tracingId !== undefined && this.isUnderWay(tracingId)) this.#again(() => rateLimited(pauseMs));
  }

  /** True when a refusal with this tracing id is that of the message under way. */
  isUnderWay(tracingId: string | undefined): boolean {
    return this.#underWay !== undefined && (tracingId === undefined || tracingId === tracingIdOf(this.#underWay));
  }

  /** Ends the message under way. */
  refuse(error: GuestpassError): void {
    if (this.#underWay) this.#emit({ type: 'reject', id: this.#underWay.id, error });
    this.#finish();
  }

  /** Ends every message, under way or waiting. */
  silence(error: GuestpassError): void {
    this.refuse(error);
    for (const { id } of this.#waiting.splice(0)) this.#emit({ type: 'reject', id, error });
  }

  #emit(effect: Effect): void {
    this.#options.emit(effect);
  }

  #settle(message: Message): void {
    if (this.#underWay) this.#emit({ type: 'settle', id: this.#underWay.id, message });
    this.#echoes.add(message.id);
    this.#finish();
  }

  #finish(): void {
    if (!this.#underWay) return;
    this.#emit({ type: 'cancel', timer: 'echo' });
    this.#underWay = undefined;
    this.#inDoubt = false;
  }

  /** The message did not arrive: it goes again, before all others. */
  #again(spent: () => GuestpassError): void {
    const outgoing = this.#underWay;
    if (!outgoing) return;
    if (outgoing.tries >= mostTries) {
      this.refuse(spent());
    } else {
      this.#finish();
      if (!outgoing.withdrawn) this.#waiting.unshift(outgoing);
    }
  }

  #flushRequests(now: number): boolean {
    for (let text = this.#asking[0]; text !== undefined; text = this.#asking[0]) {
      if (!this.#hasTurn('request', now)) return false;
      this.#asking.shift();
      this.#emit({ type: 'transmit', text });
    }
    return true;
  }

  #flushMessage(now: number): void {
    const next = this.#waiting[0];
    if (!next) return;
    const waitMs = this.#pace.waitMs('message', now);
    if (waitMs > longestWaitMs) this.silence(rateLimited(waitMs));
    if (waitMs > longestWaitMs || !this.#hasTurn('message', now)) return;
    this.#waiting.shift();
    next.tries += 1;
    this.#underWay = next;
    const { token, attributesPlacement, answerTimeoutMs } = this.#options;
    this.#emit({
      type: 'transmit',
      text: sendMessage({ token, tracingId: tracingIdOf(next) }, next.draft, attributesPlacement),
    });
    this.#emit({ type: 'timer', timer: 'echo', delayMs: answerTimeoutMs });
  }

  /** Takes a turn, or sets the timer for it. */
  #hasTurn(what: 'message' | 'request', now: number): boolean {
    const waitMs = this.#pace.waitMs(what, now);
    if (waitMs > 0) this.#emit({ type: 'timer', timer: 'flush', delayMs: waitMs });
    else this.#pace.take(what, now);
    return waitMs <= 0;
  }
}

/** Each try has a name of its own, so that a late refusal of one is not taken for that of the next. */
function tracingIdOf({ id, tries }: Outgoing): string {
  return tries === 1 ? id : `${id}-${tries}`;
}

/** Whether this is the name of a try of that message, be it an earlier one. */
function isOf(id: string, tracingId: string): boolean {
  return tracingId === id || tracingId.startsWith(`${id}-`);
}

/** Whether this message of the history is what was said. The history keeps no tracing ids. */
function isEcho({ author, text, attachments, content }: Message, draft: Draft): boolean {
  const { attachmentIds = [], button } = draft;
  if (author !== 'guest' || text.trim() !== draft.text.trim()) return false;
  const answered = content.some((item) => typeof item === 'object' && item !== null && 'buttonResponse' in item);
  return answered === (button !== undefined) && attachments.map(({ id }) => id).join() === attachmentIds.join();
}

function rateLimited(retryAfterMs: number): GuestpassError {
  const detail = 'The platform answered that there are too many messages.';
  return new GuestpassError('rate_limited', detail, { retryAfterMs });
}

function unavailable(): GuestpassError {
  const detail = `The platform did not take the message in ${mostTries} tries; it is not in the conversation.`;
  return new GuestpassError('platform_unavailable', detail);
}

function unknown(): GuestpassError {
  const detail = 'The message was sent, no echo came, and the history could not be read.';
  return new GuestpassError('outcome_unknown', detail, { remedy: 'Look at the conversation before saying it again.' });
}

function overloaded(): GuestpassError {
  const remedy = 'Wait for messages to be sent before sending more.';
  return new GuestpassError('overloaded', `${mostWaiting} messages are waiting to be sent.`, { remedy });
}

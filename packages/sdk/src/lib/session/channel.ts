import type { GuestpassError } from '../errors.ts';
import { closeSession } from '../messaging/actions.ts';
import type { Message } from '../messaging/message.ts';
import { isExpiry, isPassing, isTooMany } from '../messaging/platform-code.ts';
import type { ServerFrame, SessionFrame } from '../messaging/server-frame.ts';
import type { ChannelInput, ChannelOptions, Effect, SessionState, TimerName } from './channel-io.ts';
import { Conversation } from './conversation.ts';
import { Health } from './health.ts';
import { Identity } from './identity.ts';
import { type Phase, stateOf } from './phase.ts';
import {
  type Ending,
  errorOf,
  lostForGood,
  readOnly,
  refusedToConfigure,
  sessionClosed,
  signedInElsewhere,
} from './session-errors.ts';
import { factsOf, instantOf, nothingKnown, type SessionFacts } from './session-facts.ts';

type Disconnected = Omit<Extract<ChannelInput, { readonly type: 'disconnected' }>, 'type'>;

/** A connection that held this long was a good one: the next backoff begins anew. */
const goodConnectionMs = 10_000;
const usualRetryAfterMs = 3000;
/** The tracing id of the request that ends a conversation. */
const closing = 'close';
const timers: readonly TimerName[] = ['answer', 'echo', 'flush', 'health', 'pong', 'history'];

/**
 * One guest's end of the session, without a socket, a timer or a clock: inputs go in, effects come out. It finds
 * connections, configures them for the guest, and gives the conversation what comes over them.
 */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #conversation: Conversation;
  readonly #health: Health;
  readonly #identity: Identity;
  #effects: Effect[] = [];
  #now = 0;
  #phase: Phase = 'idle';
  #told: SessionState = 'connecting';
  #facts: SessionFacts = nothingKnown;
  #readOnly = false;
  #ending: Ending = 'closed';
  #startNew = false;
  #isBeginning = false;
  #attempt = 0;
  #openedAt = 0;

  constructor(options: ChannelOptions) {
    this.#options = options;
    const emit = (effect: Effect) => this.#emit(effect);
    this.#conversation = new Conversation({ ...options, emit });
    const ask = (text: string) => this.#conversation.take({ type: 'ask', text });
    this.#health = new Health({ ...options, emit, ask, waitMs: () => this.waitMs(this.#now) });
    const configure = () => this.#configure();
    const signOut = (error: GuestpassError) => this.#end('signed-out', error);
    this.#identity = new Identity({ ...options, emit, ask, configure, signOut });
  }

  get state(): SessionState {
    const { isWhole, hasBegun } = this.#conversation;
    const [phase, ending] = [this.#phase, this.#ending];
    return stateOf({ phase, ending, isWhole, hasBegun, isBeginning: this.#isBeginning, isReadOnly: this.#readOnly });
  }

  get facts(): SessionFacts {
    return this.#facts;
  }

  /** The conversation so far, in order, each message once. */
  get messages(): readonly Message[] {
    return this.#conversation.messages;
  }

  /** How long a request has to wait for its turn, in milliseconds. `now` is as below. */
  waitMs(now: number): number {
    return this.#conversation.waitMs(now);
  }

  /** `now` is an instant of one monotonic clock, in milliseconds. */
  handle(input: ChannelInput, now: number): readonly Effect[] {
    this.#now = now;
    this.#effects = [];
    this.#take(input);
    this.#talk();
    if (this.#told !== this.state) {
      this.#told = this.state;
      this.#emit({ type: 'state', state: this.#told });
    }
    return this.#effects;
  }

  #emit(effect: Effect): void {
    this.#effects.push(effect);
  }

  #take(input: ChannelInput): void {
    switch (input.type) {
      case 'open':
        this.#dial(0);
        break;
      case 'connected':
        this.#connected();
        break;
      case 'disconnected':
        this.#disconnected(input);
        break;
      case 'frame':
        this.#frame(input.frame);
        break;
      case 'timer':
        this.#timer(input.timer);
        break;
      case 'say':
      case 'withdraw':
      case 'ask':
      case 'history':
      case 'history-failed':
        this.#conversation.take(input);
        break;
      case 'sign-in':
      case 'jwt':
      case 'jwt-lost':
        this.#identity.take(input, this.#phase === 'configured');
        break;
      case 'sign-out':
        this.#end('signed-out');
        break;
      case 'start-new':
        this.#beginAnew();
        break;
      case 'close':
        this.#end('closed');
    }
  }

  #talk(): void {
    if (this.#phase === 'over') this.#silence(errorOf(this.#ending));
    else if (this.#readOnly && this.#conversation.isWhole) this.#conversation.silence(readOnly());
    if (this.#phase === 'configured') this.#conversation.flush(this.#now);
  }

  #dial(atLeastMs: number): void {
    this.#phase = 'dialing';
    this.#emit({ type: 'dial', attempt: this.#attempt, atLeastMs });
  }

  #connected(): void {
    this.#openedAt = this.#now;
    this.#conversation.reconnected(this.#now);
    this.#configure();
  }

  #configure(): void {
    this.#phase = 'configuring';
    this.#emit({ type: 'transmit', text: this.#identity.configure(this.#startNew) });
    this.#emit({ type: 'timer', timer: 'answer', delayMs: this.#options.answerTimeoutMs });
  }

  #disconnected({ error, retryAfterMs = 0 }: Disconnected): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'restarting') this.#startNew = true;
    this.#isBeginning = false;
    const wasGood = this.#conversation.isWhole && this.#now - this.#openedAt >= goodConnectionMs;
    this.#attempt = wasGood ? 1 : this.#attempt + 1;
    this.#cutOff();
    if (error) this.#end('closed', error);
    else if (this.#attempt > this.#options.mostAttempts) this.#end('closed', lostForGood(this.#options.mostAttempts));
    else this.#dial(retryAfterMs);
  }

  /** Whatever the connection was in the middle of is over. */
  #cutOff(): void {
    for (const timer of timers) this.#emit({ type: 'cancel', timer });
    this.#conversation.cutOff();
    this.#identity.cutOff();
  }

  #frame(frame: ServerFrame): void {
    if (this.#phase === 'over' || this.#phase === 'dialing') return;
    this.#health.heard();
    switch (frame.kind) {
      case 'session':
        this.#session(frame, frame.tracingId);
        break;
      case 'message':
        if (this.#phase === 'restarting') break; // Said in the conversation that is ended.
        if (frame.metadata.readOnly === 'true') this.#readOnly = true;
        this.#conversation.heard(frame, frame.tracingId);
        break;
      case 'pong':
        this.#facts = { ...this.#facts, expiresAt: instantOf(frame.expiresAtMs) ?? this.#facts.expiresAt };
        break;
      case 'too-many':
        this.#tooMany(frame.tracingId, frame.retryAfterMs);
        break;
      case 'error':
        this.#refused(frame.code, frame.tracingId);
        break;
      case 'cleared':
        this.#conversation.forget();
        this.#emit({ type: 'event', event: { type: 'cleared' } });
        break;
      case 'expired':
        this.#end('expired');
        break;
      case 'logged-out':
        this.#end('signed-out');
        break;
      case 'connection-closed':
        if (frame.reason === 'signedIn') this.#signedInElsewhere();
        else if (this.#phase !== 'restarting') this.#end('closed');
    }
  }

  #session(frame: SessionFrame, tracingId: string | undefined): void {
    if (this.#identity.isStale(tracingId)) return;
    if (this.#phase === 'restarting' && !frame.connected) {
      this.#startNew = true;
      this.#configure();
    } else if (!frame.connected) {
      this.#end('closed');
    } else if (this.#phase === 'configuring' || (this.#phase === 'configured' && this.#identity.isSteppingUp)) {
      this.#configured(frame);
    }
  }

  #configured(frame: SessionFrame): void {
    this.#emit({ type: 'cancel', timer: 'answer' });
    this.#facts = factsOf(frame);
    this.#readOnly = frame.readOnly;
    const anew = this.#startNew && frame.newSession;
    this.#startNew = false;
    this.#isBeginning = false;
    const steppedUp = this.#identity.accepted();
    const isAnother = frame.newSession && (anew || steppedUp);
    this.#phase = 'configured';
    const isNew = anew || (frame.newSession && !this.#conversation.hasBegun);
    this.#conversation.configured({ isNew, isAnother });
  }

  #tooMany(tracingId: string | undefined, retryAfterMs: number | null): void {
    this.#conversation.tooMany(tracingId, retryAfterMs, this.#now);
    if (this.#phase !== 'configuring') return;
    this.#emit({ type: 'hang-up' });
    this.#disconnected({ retryAfterMs: retryAfterMs ?? usualRetryAfterMs });
  }

  #refused(code: number, tracingId: string | undefined): void {
    if (this.#identity.isStale(tracingId) || this.#isOfThePast(tracingId)) return;
    if (isExpiry(code)) this.#end('expired');
    else if (isTooMany(code)) this.#tooMany(tracingId, null);
    else if (this.#phase !== 'configured') this.#refusedToConfigure(code);
    else if (this.#isOfSignIn(tracingId)) this.#identity.refusedToSignIn(code);
    else this.#refusedToSay(code, tracingId);
  }

  #refusedToConfigure(code: number): void {
    if (this.#phase === 'restarting') this.#startNew = true;
    this.#phase = 'configuring';
    if (isPassing(code)) this.#emit({ type: 'drop' });
    else if (code === 4017) this.#signedInElsewhere();
    else if (!this.#identity.refusedToConfigure(code)) this.#end('closed', refusedToConfigure(code));
  }

  /** While a conversation is ended for the next one, what was asked in it before matters to nobody. */
  #isOfThePast(tracingId: string | undefined): boolean {
    return this.#phase === 'restarting' && tracingId !== undefined && tracingId !== closing;
  }

  /** A refusal without a name is that of a message, when there is one. */
  #isOfSignIn(tracingId: string | undefined): boolean {
    if (!this.#identity.isSteppingUp) return false;
    return tracingId === undefined ? !this.#conversation.isUnderWay(undefined) : this.#identity.isAsked(tracingId);
  }

  /** The token is that of an account now, and nobody here has its JWT. */
  #signedInElsewhere(): void {
    this.#emit({ type: 'event', event: { type: 'signed-in-elsewhere' } });
    this.#end('closed', this.#conversation.hasBegun ? undefined : signedInElsewhere());
  }

  #refusedToSay(code: number, tracingId: string | undefined): void {
    if (code === 409) this.#readOnly = true;
    if (code === 401 && !this.#identity.isSteppingUp && this.#identity.renew()) this.#emit({ type: 'drop' });
    else this.#conversation.refused(code, tracingId);
  }

  #timer(timer: TimerName): void {
    switch (timer) {
      case 'answer':
      case 'pong':
        this.#emit({ type: 'drop' });
        break;
      case 'echo':
        this.#conversation.lookUp();
        break;
      case 'history':
        this.#conversation.fetch();
        break;
      case 'health':
        this.#health.check();
        break;
      case 'flush': // Talking follows every input.
    }
  }

  #beginAnew(): void {
    const { token, answerTimeoutMs } = this.#options;
    if (this.#phase === 'over' && this.#ending !== 'expired') return;
    this.#conversation.silence(sessionClosed());
    this.#isBeginning = this.#phase === 'configured' || this.#phase === 'over';
    if (this.#phase === 'configured') {
      this.#cutOff();
      this.#phase = 'restarting';
      this.#emit({ type: 'transmit', text: closeSession({ token, tracingId: closing }) });
      this.#emit({ type: 'timer', timer: 'answer', delayMs: answerTimeoutMs });
    } else {
      this.#startNew = true;
      if (this.#phase !== 'over') return;
      this.#attempt = 0;
      this.#dial(0);
    }
  }

  /** Says no more, and begins anew only after an expiry. */
  #end(ending: Ending, error?: GuestpassError): void {
    if (this.#phase === 'over' && (this.#ending === 'closed' || this.#ending === ending)) return;
    this.#cutOff();
    this.#phase = 'over';
    this.#ending = ending;
    this.#silence(error ?? errorOf(ending));
    this.#emit({ type: 'hang-up' });
    this.#emit({ type: 'end', ...(error && { error }) });
  }

  #silence(error: GuestpassError): void {
    this.#conversation.silence(error);
    if (this.#ending === 'expired') this.#identity.steppedUp();
    else this.#identity.refuse(error);
  }
}

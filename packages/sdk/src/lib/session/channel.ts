import type { GuestpassError } from '../errors.ts';
import { closeSession, configureSession } from '../messaging/actions.ts';
import type { Conversed, Message } from '../messaging/message.ts';
import { isExpiry, isPassing, isTooMany } from '../messaging/platform-code.ts';
import type { ServerFrame, SessionFrame } from '../messaging/server-frame.ts';
import type { ChannelInput, ChannelOptions, Effect, SessionState, TimerName } from './channel-io.ts';
import { Health } from './health.ts';
import { Hearing } from './hearing.ts';
import { expired, lostForGood, readOnly, refusedToConfigure, refusedToSay, sessionClosed } from './session-errors.ts';
import { factsOf, instantOf, nothingKnown, type SessionFacts } from './session-facts.ts';
import { Speech } from './speech.ts';

/** `over` is the end, unless a new conversation is begun. */
type Phase = 'idle' | 'dialing' | 'configuring' | 'reading' | 'open' | 'restarting' | 'over';

/** A connection that held this long was a good one: the next backoff begins anew. */
const goodConnectionMs = 10_000;
const usualRetryAfterMs = 3000;
const mostPages = 40;
const timers: readonly TimerName[] = ['answer', 'echo', 'flush', 'health', 'pong', 'history'];

/**
 * One guest's end of the conversation, without a socket, a timer or a clock: inputs go in, effects come out. After a gap
 * it reads the history, looks up what it is not sure of, says again what did not arrive, and only then goes on.
 */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #speech: Speech;
  readonly #hearing: Hearing;
  readonly #health: Health;
  #effects: Effect[] = [];
  #now = 0;
  #phase: Phase = 'idle';
  #told: SessionState = 'connecting';
  #facts: SessionFacts = nothingKnown;
  #readOnly = false;
  #expired = false;
  #startNew = false;
  /** True once nothing was missing; from then on another connection is a re-connection. */
  #began = false;
  /** True while nothing is missing. */
  #caughtUp = false;
  #attempt = 0;
  #openedAt = 0;

  constructor(options: ChannelOptions) {
    this.#options = options;
    const emit = (effect: Effect) => this.#emit(effect);
    this.#speech = new Speech({ ...options, emit });
    this.#health = new Health({ ...options, emit, ask: (text) => this.#speech.ask(text) });
    this.#hearing = new Hearing({ emit, onRead: (fresh) => this.#read(fresh) });
  }

  get state(): SessionState {
    if (this.#phase === 'over') return this.#expired ? 'expired' : 'closed';
    if (this.#caughtUp) return this.#readOnly ? 'read-only' : 'ready';
    if (this.#began) return 'reconnecting';
    return this.#phase === 'idle' || this.#phase === 'dialing' ? 'connecting' : 'configuring';
  }

  get facts(): SessionFacts {
    return this.#facts;
  }

  /** The conversation so far, in order, each message once. */
  get messages(): readonly Message[] {
    return this.#hearing.messages;
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
      case 'history':
        this.#hearing.page(input.walk, input.page);
        break;
      case 'history-failed':
        this.#hearing.missed(input.walk, input.retryAfterMs);
        break;
      case 'say':
        this.#speech.say(input.id, input.draft);
        break;
      case 'withdraw':
        this.#speech.withdraw(input.id);
        break;
      case 'ask':
        this.#speech.ask(input.text);
        break;
      case 'start-new':
        this.#beginAnew();
        break;
      case 'close':
        this.#end();
    }
  }

  #talk(): void {
    if (this.#phase === 'over') this.#speech.silence(this.#expired ? expired() : sessionClosed());
    else if (this.#readOnly && this.#caughtUp) this.#speech.silence(readOnly());
    if (this.#phase === 'open' || this.#phase === 'reading') this.#speech.flush(this.#now, this.#phase === 'open');
  }

  #dial(atLeastMs: number): void {
    this.#phase = 'dialing';
    this.#emit({ type: 'dial', attempt: this.#attempt, atLeastMs });
  }

  #connected(): void {
    this.#openedAt = this.#now;
    this.#speech.reconnected(this.#now);
    this.#configure();
  }

  #configure(): void {
    const { token, deploymentId, answerTimeoutMs } = this.#options;
    const asked = { token, tracingId: 'configure', deploymentId, ...(this.#startNew && { startNew: true }) };
    this.#phase = 'configuring';
    this.#emit({ type: 'transmit', text: configureSession(asked) });
    this.#emit({ type: 'timer', timer: 'answer', delayMs: answerTimeoutMs });
  }

  #disconnected({
    error,
    retryAfterMs = 0,
  }: {
    readonly error?: GuestpassError;
    readonly retryAfterMs?: number;
  }): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'restarting') this.#startNew = true;
    const wasGood = this.#caughtUp && this.#now - this.#openedAt >= goodConnectionMs;
    this.#attempt = wasGood ? 1 : this.#attempt + 1;
    this.#cutOff();
    if (error) this.#end(error);
    else if (this.#attempt > this.#options.mostAttempts) this.#end(lostForGood(this.#options.mostAttempts));
    else this.#dial(retryAfterMs);
  }

  /** Whatever the connection was in the middle of is over. */
  #cutOff(): void {
    for (const timer of timers) this.#emit({ type: 'cancel', timer });
    this.#hearing.cutOff();
    this.#speech.cutOff();
    this.#caughtUp = false;
  }

  #frame(frame: ServerFrame): void {
    if (this.#phase === 'over' || this.#phase === 'dialing') return;
    this.#health.heard();
    switch (frame.kind) {
      case 'session':
        this.#session(frame);
        break;
      case 'message':
        this.#conversed(frame, frame.tracingId);
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
        this.#hearing.forget();
        this.#emit({ type: 'event', event: { type: 'cleared' } });
        break;
      case 'expired':
        this.#expire();
        break;
      case 'logged-out':
        this.#end();
        break;
      case 'connection-closed':
        if (this.#phase !== 'restarting') this.#end();
    }
  }

  #session(frame: SessionFrame): void {
    if (this.#phase === 'restarting' && !frame.connected) {
      this.#startNew = true;
      this.#configure();
    } else if (!frame.connected) {
      this.#end();
    } else if (this.#phase === 'configuring') {
      this.#configured(frame);
    }
  }

  #configured(frame: SessionFrame): void {
    this.#emit({ type: 'cancel', timer: 'answer' });
    this.#facts = factsOf(frame);
    this.#readOnly = frame.readOnly;
    const anew = this.#startNew && frame.newSession;
    this.#startNew = false;
    if (anew) this.#hearing.forget();
    // A conversation that has just begun has nothing to be read.
    if (anew || (frame.newSession && !this.#began)) this.#opened();
    else this.#catchUp();
  }

  #catchUp(): void {
    this.#phase = 'reading';
    this.#hearing.read(this.#began ? mostPages : this.#options.firstPages, !this.#caughtUp);
  }

  #read(fresh: readonly Message[] | undefined): void {
    this.#speech.lookedUp(fresh);
    this.#opened();
  }

  #opened(): void {
    this.#phase = 'open';
    this.#began = true;
    this.#caughtUp = true;
  }

  #conversed({ message, events, metadata }: Conversed, tracingId: string | undefined): void {
    if (metadata.readOnly === 'true') this.#readOnly = true;
    for (const event of events) this.#emit({ type: 'event', event });
    if (!message) return;
    this.#speech.heard(tracingId, message);
    this.#hearing.hear(message);
  }

  #tooMany(tracingId: string | undefined, retryAfterMs: number | null): void {
    this.#speech.tooMany(tracingId, retryAfterMs, this.#now);
    if (this.#phase !== 'configuring') return;
    this.#emit({ type: 'hang-up' });
    this.#disconnected({ retryAfterMs: retryAfterMs ?? usualRetryAfterMs });
  }

  #refused(code: number, tracingId: string | undefined): void {
    if (isExpiry(code)) this.#expire();
    else if (isTooMany(code)) this.#tooMany(tracingId, null);
    else if (this.#phase === 'open' || this.#phase === 'reading') this.#refusedToSay(code, tracingId);
    else if (isPassing(code)) this.#emit({ type: 'drop' });
    else this.#end(refusedToConfigure(code));
  }

  #refusedToSay(code: number, tracingId: string | undefined): void {
    if (code === 409) this.#readOnly = true;
    if (!this.#speech.isUnderWay(tracingId))
      this.#emit({ type: 'event', event: { type: 'problem', platformCode: code } });
    else if (isPassing(code)) this.#lookUp();
    else this.#speech.refuse(code === 409 ? readOnly() : refusedToSay(code));
  }

  /** Nobody knows whether the message under way arrived: the history does. */
  #lookUp(): void {
    this.#speech.doubt();
    if (this.#phase === 'open' && this.#speech.inDoubt) this.#catchUp();
  }

  #timer(timer: TimerName): void {
    switch (timer) {
      case 'answer':
      case 'pong':
        this.#emit({ type: 'drop' });
        break;
      case 'echo':
        this.#lookUp();
        break;
      case 'history':
        this.#hearing.fetch();
        break;
      case 'health':
        this.#health.check();
        break;
      case 'flush': // Talking follows every input.
    }
  }

  #beginAnew(): void {
    const { token, answerTimeoutMs } = this.#options;
    if (this.#phase === 'over' && !this.#expired) return;
    this.#speech.silence(sessionClosed());
    if (this.#phase === 'open' || this.#phase === 'reading') {
      this.#cutOff();
      this.#phase = 'restarting';
      this.#emit({ type: 'transmit', text: closeSession({ token, tracingId: 'close' }) });
      this.#emit({ type: 'timer', timer: 'answer', delayMs: answerTimeoutMs });
    } else {
      this.#startNew = true;
      if (!this.#expired) return;
      this.#expired = false;
      this.#attempt = 0;
      this.#dial(0);
    }
  }

  #expire(): void {
    this.#leave(expired());
    this.#expired = true;
    this.#emit({ type: 'end' });
  }

  #end(error?: GuestpassError): void {
    if (this.#phase === 'over' && !this.#expired) return;
    this.#expired = false;
    this.#leave(error ?? sessionClosed());
    this.#emit({ type: 'end', ...(error && { error }) });
  }

  #leave(error: GuestpassError): void {
    this.#cutOff();
    this.#speech.silence(error);
    this.#phase = 'over';
    this.#emit({ type: 'hang-up' });
  }
}

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import { readConversed } from '../messaging/message.ts';
import { readServerFrame } from '../messaging/server-frame.ts';
import { Channel } from './channel.ts';
import type { ChannelInput, Effect, TimerName } from './channel-io.ts';

/** What may happen next; each is possible at any time, and does nothing where it makes no sense. */
type Step =
  | { readonly does: 'guest says' | 'agent says'; readonly text: string; readonly later: number }
  | { readonly does: 'connection breaks'; readonly stillArrive: number }
  | {
      readonly does: 'next message is refused';
      readonly code: 429 | 500;
      readonly traced: boolean;
      readonly kept: boolean;
    }
  | { readonly does: Plain };

type Plain =
  | 'text arrives at the server'
  | 'frame arrives at the guest'
  | 'frame comes twice'
  | 'frames overtake each other'
  | 'echo is lost'
  | 'agent speaks before the next connection is configured'
  | 'connection opens'
  | 'connection fails'
  | 'history answers'
  | 'history fails'
  | 'session expires'
  | 'guest signs in'
  | 'JWT expires'
  | 'refresh answers'
  | 'refresh fails'
  | 'time passes';

interface Stored {
  readonly id: string;
  readonly text: string;
  readonly direction: 'Inbound' | 'Outbound';
  readonly timeMs: number;
}

interface Link {
  readonly toServer: string[];
  readonly toGuest: string[];
  configured: boolean;
}

const pageSize = 3;
const bodyOf = ({ id, text, direction, timeMs }: Stored) => ({
  id,
  type: 'Text',
  text,
  direction,
  channel: { time: new Date(timeMs).toISOString() },
});

/** The platform of one conversation: a list of messages, and a line that may break. */
class Platform {
  /** What was said in the session there is now. */
  history: Stored[] = [];
  /** What was said in sessions that have expired. */
  readonly past: Stored[] = [];
  expired = false;
  /** True when an agent speaks in the moment the next connection is configured. */
  greets = false;
  /** False once something was not told on a connection in its place, so that the guest can only hear of it late. */
  isOrderly = true;
  /** True once the session is that of an account; from then on nobody may have it without a JWT. */
  hasAccount = false;
  /** The one that is good now. */
  jwt = 'jwt-0';
  link: Link | undefined;
  #refusal: Extract<Step, { does: 'next message is refused' }> | undefined;
  #wasTaken = false;
  #timeMs = Date.parse('2026-01-15T10:30:00Z');

  refuseNext(step: Extract<Step, { does: 'next message is refused' }>): void {
    this.#refusal = step;
  }

  store(text: string, direction: Stored['direction'], later: number): Stored {
    this.#timeMs += later;
    const stored = { id: `m-${this.past.length + this.history.length}`, text, direction, timeMs: this.#timeMs };
    this.history.push(stored);
    return stored;
  }

  tell(stored: Stored, tracingId?: string): void {
    if (!this.link?.configured) return;
    const frame = { type: 'message', class: 'StructuredMessage', code: 200, body: bodyOf(stored) };
    this.link.toGuest.push(JSON.stringify({ ...frame, ...(tracingId !== undefined && { tracingId }) }));
  }

  /** A JWT that was never taken lives on: nobody is refused again and again. */
  spend(): void {
    if (this.#wasTaken || this.jwt === 'jwt-0') this.grant();
  }

  /** Every JWT so far is spent from now on. */
  grant(): string {
    this.#wasTaken = false;
    this.jwt = `jwt-${Number(this.jwt.slice(4)) + 1}`;
    return this.jwt;
  }

  expire(): void {
    if (this.expired) return;
    this.expired = true;
    this.past.push(...this.history.splice(0));
    if (!this.link?.configured) return;
    this.link.toGuest.push('{"class":"SessionExpiredEvent","code":200,"body":{}}');
    this.link.configured = false;
  }

  receive(text: string): void {
    const { action, tracingId, message, startNew, data } = JSON.parse(text);
    const link = this.link;
    const refusal = this.#refusalOf(action, data?.code);
    if (startNew && refusal === undefined) this.expired = false;
    if (refusal !== undefined) {
      link?.toGuest.push(JSON.stringify({ class: 'string', code: refusal, body: 'no', tracingId }));
    } else if (this.expired) {
      link?.toGuest.push(JSON.stringify({ class: 'string', code: 4006, body: 'expired', tracingId }));
    } else if (/^configure/.test(action) && link) {
      link.configured = true;
      this.hasAccount ||= data !== undefined;
      this.#wasTaken = true;
      const body = { connected: true, newSession: this.history.length === 0 };
      if (this.greets) this.tell(this.store('welcome', 'Outbound', 1));
      this.greets = false;
      link.toGuest.push(JSON.stringify({ type: 'response', class: 'SessionResponse', code: 200, body, tracingId }));
    } else if (action === 'onMessage') {
      this.#message(message.text, tracingId);
    } else if (action === 'getJwt') {
      link?.toGuest.push(JSON.stringify({ class: 'JwtResponse', code: 200, body: { jwt: 'j', exp: 1 }, tracingId }));
    } else if (action === 'echo') {
      const body = { id: 'pong', type: 'Text', text: 'ping' };
      link?.toGuest.push(JSON.stringify({ type: 'response', class: 'StructuredMessage', code: 200, body, tracingId }));
    }
  }

  #refusalOf(action: string, jwt: string | undefined): number | undefined {
    if (action === 'configureAuthenticatedSession' && jwt !== this.jwt) return 401;
    return action === 'configureSession' && this.hasAccount ? 4017 : undefined;
  }

  #message(text: string, tracingId: string): void {
    const refusal = this.#refusal;
    this.#refusal = undefined;
    if (!refusal) this.tell(this.store(text, 'Inbound', 1), tracingId);
    if (!refusal) return;
    if (refusal.code === 500 && refusal.kept) {
      this.store(text, 'Inbound', 1);
      this.isOrderly = false;
    }
    const answer =
      refusal.code === 429
        ? { class: 'TooManyRequestsErrorMessage', code: 429, body: { retryAfter: 2 } }
        : { class: 'string', code: 500, body: 'oops' };
    this.link?.toGuest.push(JSON.stringify({ ...answer, ...(refusal.traced && { tracingId }) }));
  }
}

/** A guest and a platform, whose every move is chosen from outside. */
class World {
  readonly platform = new Platform();
  readonly channel: Channel;
  /** How each sign-in ended. */
  readonly signIns: boolean[] = [];
  signInsBegun = 0;

  readonly delivered: string[] = [];
  readonly said: string[] = [];
  readonly ends = new Map<string, { readonly id: string } | { readonly error: GuestpassError }>();
  #now = 0;
  #dialing = false;
  #mayRead = false;
  #fetching: Extract<Effect, { type: 'fetch-history' }> | undefined;
  /** Of the guest; the platform may not take it any more. */
  #newestJwt: string;
  #refreshing = false;
  readonly #timers = new Map<TimerName, number>();

  constructor(isSignedIn: boolean) {
    this.channel = new Channel({
      token: 'secret',
      deploymentId: 'd',
      jwt: isSignedIn ? this.platform.jwt : undefined,
      attributesPlacement: 'message',
      mostAttempts: 1e9,
      firstPages: 1e9,
      answerTimeoutMs: 10_000,
      healthCheckMs: 30_000,
      messagesPerSecond: 5,
      requestsPerMinute: 60,
    });
    this.platform.hasAccount = isSignedIn;
    this.#newestJwt = this.platform.jwt;
  }

  input(input: ChannelInput): void {
    for (const effect of this.channel.handle(input, this.#now)) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    const { link } = this.platform;
    switch (effect.type) {
      case 'dial':
        this.#dialing = true;
        break;
      case 'hang-up':
        this.platform.link = undefined;
        break;
      case 'drop':
        this.#break(0);
        break;
      case 'transmit':
        link?.toServer.push(effect.text);
        break;
      case 'timer':
        this.#timers.set(effect.timer, this.#now + effect.delayMs);
        break;
      case 'cancel':
        this.#timers.delete(effect.timer);
        break;
      case 'fetch-history':
        this.#fetching = effect;
        this.#mayRead = effect.pageNumber > 1;
        // What reads the history is asked for behind everything that was said on this connection.
        if (!this.#mayRead) this.input({ type: 'ask', text: `{"action":"getJwt","tracingId":"walk-${effect.walk}"}` });
        break;
      case 'deliver':
        this.delivered.push(...effect.messages.map(({ id }) => id));
        break;
      case 'forget':
        this.delivered.length = 0;
        break;
      case 'event':
        if (effect.event.type === 'history-unavailable') this.platform.isOrderly = false;
        break;
      case 'end':
        this.#checkPast();
        break;
      case 'renew':
        if (effect.spent !== this.#newestJwt) this.input({ type: 'jwt', jwt: this.#newestJwt });
        else this.#refreshing = true;
        break;
      case 'signed-in':
        expect(this.platform.hasAccount || this.platform.expired).toBe(true);
        this.signIns.push(true);
        break;
      case 'sign-in-refused':
        this.signIns.push(false);
        break;
      case 'settle':
        expect(this.ends.has(effect.id)).toBe(false);
        this.ends.set(effect.id, { id: effect.message.id });
        break;
      case 'reject':
        expect(this.ends.has(effect.id)).toBe(false);
        this.ends.set(effect.id, { error: effect.error });
        break;
    }
  }

  #break(stillArrive: number): void {
    const { link } = this.platform;
    if (!link) return;
    for (const text of link.toServer.splice(0, stillArrive)) this.platform.receive(text);
    this.platform.link = undefined;
    this.#fetching = undefined;
    this.input({ type: 'disconnected' });
  }

  say(text: string): void {
    const id = `t-${this.said.length}-`;
    this.said.push(text);
    this.input({ type: 'say', id, draft: { text } });
  }

  textArrives(): void {
    const text = this.platform.link?.toServer.shift();
    if (text !== undefined) this.platform.receive(text);
  }

  frameArrives(): void {
    const text = this.platform.link?.toGuest.shift();
    if (text === undefined) return;
    const frame = readServerFrame(text);
    if (frame.kind === 'jwt' && frame.tracingId === `walk-${this.#fetching?.walk}`) this.#mayRead = true;
    this.input({ type: 'frame', frame });
  }

  dial(succeeds: boolean): void {
    if (!this.#dialing) return;
    this.#dialing = false;
    if (succeeds) this.platform.link = { toServer: [], toGuest: [], configured: false };
    this.input({ type: succeeds ? 'connected' : 'disconnected' });
  }

  historyAnswers(): void {
    const asked = this.#fetching;
    if (this.platform.expired) this.historyFails();
    if (!asked || !this.#mayRead || this.platform.expired) return;
    this.#fetching = undefined;
    const { walk, pageNumber } = asked;
    const newestFirst = this.platform.history.toReversed();
    const entities = newestFirst.slice((pageNumber - 1) * pageSize, pageNumber * pageSize);
    const entries = entities.map((stored) => readConversed(bodyOf(stored))?.message ?? null);
    const [offset, total] = [(pageNumber - 1) * pageSize, newestFirst.length];
    const page = { entries, offset, total, more: total > pageNumber * pageSize };
    this.input({ type: 'history', walk, page });
  }

  historyFails(): void {
    const asked = this.#fetching;
    if (!asked || !this.#mayRead) return;
    this.#fetching = undefined;
    this.input({ type: 'history-failed', walk: asked.walk, retryAfterMs: 0 });
  }

  /** A guest who is nobody signs in while nothing else of that kind is under way. */
  signIn(): void {
    if (this.platform.hasAccount || this.signIns.length < this.signInsBegun) return;
    if (this.channel.state === 'expired') return;
    this.signInsBegun += 1;
    this.#newestJwt = this.platform.jwt;
    this.input({ type: 'sign-in', jwt: this.#newestJwt });
  }

  refresh(succeeds: boolean): void {
    if (!this.#refreshing) return;
    this.#refreshing = false;
    if (succeeds) this.#newestJwt = this.platform.grant();
    if (succeeds) this.input({ type: 'jwt', jwt: this.#newestJwt });
    else this.input({ type: 'jwt-lost', error: new GuestpassError('platform_unavailable', 'No.'), passing: true });
  }

  timePasses(): boolean {
    const [next] = [...this.#timers].toSorted(([, a], [, b]) => a - b);
    if (!next) return false;
    const [timer, at] = next;
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, at);
    this.input({ type: 'timer', timer });
    return true;
  }

  do(step: Step): void {
    if (step.does === 'guest says') this.say(step.text);
    else if (step.does === 'agent says') this.#agentSays(step.text, step.later);
    else if (step.does === 'connection breaks') this.#break(step.stillArrive);
    else if (step.does === 'next message is refused') this.platform.refuseNext(step);
    else this.#plain[step.does]();
  }

  readonly #plain: Readonly<Record<Plain, () => void>> = {
    'text arrives at the server': () => this.textArrives(),
    'frame arrives at the guest': () => this.frameArrives(),
    'frame comes twice': () => this.#repeat(),
    'frames overtake each other': () => this.#overtake(),
    'echo is lost': () => this.#loseEcho(),
    'agent speaks before the next connection is configured': () => {
      this.platform.greets = true;
    },
    'connection opens': () => this.dial(true),
    'connection fails': () => this.dial(false),
    'history answers': () => this.historyAnswers(),
    'history fails': () => this.historyFails(),
    'session expires': () => this.platform.expire(),
    'guest signs in': () => this.signIn(),
    'JWT expires': () => this.platform.spend(),
    'refresh answers': () => this.refresh(true),
    'refresh fails': () => this.refresh(false),
    'time passes': () => void this.timePasses(),
  };

  #agentSays(text: string, later: number): void {
    if (!this.platform.expired) this.platform.tell(this.platform.store(text, 'Outbound', later));
  }

  /** What the guest saw of a session that expired is of it, in order, once; and all of it, unless there was a gap. */
  #checkPast(): void {
    const seen = this.channel.messages.map(({ id }) => id);
    const past = this.platform.past.map(({ id }) => id).filter((id) => seen.includes(id));
    expect(seen).toEqual(past);
    this.checkDelivered();
  }

  /** Each message was delivered once, and in order unless one was told late. */
  checkDelivered(): void {
    const seen = this.channel.messages.map(({ id }) => id);
    expect(this.delivered.toSorted()).toEqual(seen.toSorted());
    if (this.platform.isOrderly) expect(this.delivered).toEqual(seen);
  }

  #repeat(): void {
    const frames = this.platform.link?.toGuest;
    const first = frames?.[0];
    if (first !== undefined) frames?.unshift(first);
  }

  /** Only messages overtake each other, and only where their times tell the order. */
  #overtake(): void {
    const frames = this.platform.link?.toGuest;
    const times = frames?.slice(0, 2).map((text) => JSON.parse(text).body?.channel?.time);
    if (!frames || !times?.[0] || !times[1] || times[0] === times[1]) return;
    frames.splice(0, 2, ...frames.slice(0, 2).toReversed());
    this.platform.isOrderly = false;
  }

  #loseEcho(): void {
    const frames = this.platform.link?.toGuest;
    const first = frames?.[0];
    if (first === undefined || JSON.parse(first).body?.direction !== 'Inbound') return;
    frames?.shift();
    this.platform.isOrderly = false;
  }

  get isAtRest(): boolean {
    const allEnded = this.ends.size === this.said.length && this.signIns.length === this.signInsBegun;
    return allEnded && this.channel.state === 'ready';
  }

  /** Everything goes well from now on, until nothing is left to happen. */
  settle(): void {
    for (let turn = 0; turn < 10_000; turn += 1) {
      const { link } = this.platform;
      if (this.channel.state === 'expired') this.input({ type: 'start-new' });
      if (this.#dialing) this.dial(true);
      else if (this.#refreshing) this.refresh(true);
      else if (link && link.toServer.length > 0) this.textArrives();
      else if (link && link.toGuest.length > 0) this.frameArrives();
      else if (this.#fetching && this.#mayRead) this.historyAnswers();
      else if (this.isAtRest && !this.#timers.has('history')) return;
      else if (!this.timePasses()) break;
    }
    throw new Error(`It never came to rest: ${this.channel.state}, ${this.ends.size} of ${this.said.length} ended.`);
  }
}

const text = fc.constantFrom('ok', 'yes', 'no', 'one', 'two', 'three');
const later = fc.integer({ min: 0, max: 2 });
const plain = (does: Plain) => fc.constant<Step>({ does });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('guest says' as const), text, later }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('agent says' as const), text, later }) },
  { weight: 8, arbitrary: plain('text arrives at the server') },
  { weight: 10, arbitrary: plain('frame arrives at the guest') },
  { weight: 1, arbitrary: plain('frame comes twice') },
  { weight: 1, arbitrary: plain('frames overtake each other') },
  { weight: 1, arbitrary: plain('echo is lost') },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('connection breaks' as const), stillArrive: fc.nat(2) }) },
  { weight: 1, arbitrary: plain('agent speaks before the next connection is configured') },
  { weight: 4, arbitrary: plain('connection opens') },
  { weight: 1, arbitrary: plain('connection fails') },
  { weight: 6, arbitrary: plain('history answers') },
  { weight: 1, arbitrary: plain('history fails') },
  { weight: 2, arbitrary: plain('time passes') },
  { weight: 1, arbitrary: plain('session expires') },
  { weight: 2, arbitrary: plain('guest signs in') },
  { weight: 1, arbitrary: plain('JWT expires') },
  { weight: 3, arbitrary: plain('refresh answers') },
  { weight: 1, arbitrary: plain('refresh fails') },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('next message is refused' as const),
      code: fc.constantFrom(429 as const, 500 as const),
      traced: fc.boolean(),
      kept: fc.boolean(),
    }),
  },
);

const indexOf = (id: string) => Number(id.slice(2, -1));
const counted = (texts: readonly string[]) => texts.toSorted();

test("whatever happens, the guest's view is the server's history: all of it, in order, once", () => {
  void fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), fc.boolean(), (steps, isSignedIn) => {
      const world = new World(isSignedIn);
      world.input({ type: 'open' });
      for (const one of steps) world.do(one);
      world.settle();
      const { history, past, hasAccount } = world.platform;
      expect(world.signIns.includes(true) || isSignedIn).toBe(hasAccount);
      const seen = world.channel.messages.map(({ id }) => id);
      expect(seen).toEqual(history.map(({ id }) => id));
      world.checkDelivered();

      const stored = [...past, ...history].filter(({ direction }) => direction === 'Inbound');
      const ends = [...world.ends].toSorted(([a], [b]) => indexOf(a) - indexOf(b));
      const settled = ends.flatMap(([, end]) => ('id' in end ? end.id : []));
      const unknown = ends.filter(([, end]) => 'error' in end && end.error.code === 'outcome_unknown');
      // Each message the guest was told of is there, is another one, and none overtook another.
      expect(stored.filter(({ id }) => settled.includes(id)).map(({ id }) => id)).toEqual(settled);
      for (const [id, end] of ends) {
        if ('id' in end) expect(stored.find((one) => one.id === end.id)?.text).toBe(world.said[indexOf(id)]);
      }
      const endedEarly = ends.some(([, end]) => 'error' in end && end.error.code === 'session_expired');
      if (unknown.length > 0 || endedEarly) return;
      expect(counted(stored.map(({ id }) => id))).toEqual(counted(settled));
    }),
    { numRuns: 5000, seed: 20_260_115 },
  );
});

test('the model meets gaps, doubts and refusals, not only quiet talks', () => {
  const world = new World(false);
  const steps: readonly Step[] = [
    { does: 'connection opens' },
    { does: 'text arrives at the server' },
    { does: 'frame arrives at the guest' },
    { does: 'guest says', text: 'ok', later: 0 },
    { does: 'guest says', text: 'ok', later: 0 },
    { does: 'connection breaks', stillArrive: 1 },
    { does: 'agent says', text: 'one', later: 1 },
    { does: 'connection opens' },
  ];
  world.input({ type: 'open' });
  for (const one of steps) world.do(one);
  expect(world.channel.state).toBe('reconnecting');
  world.settle();
  expect(world.channel.messages.map((message) => message.text)).toEqual(['ok', 'one', 'ok']);
  expect(world.delivered).toEqual(['m-0', 'm-1', 'm-2']);
  expect([...world.ends.values()]).toEqual([{ id: 'm-0' }, { id: 'm-2' }]);
});

test('the model meets a step-up over a spent JWT and a broken connection', () => {
  const world = new World(false);
  world.input({ type: 'open' });
  const steps: readonly Step[] = [
    { does: 'connection opens' },
    { does: 'text arrives at the server' },
    { does: 'frame arrives at the guest' },
    { does: 'guest says', text: 'before', later: 0 },
    { does: 'guest signs in' },
    { does: 'JWT expires' },
    { does: 'connection breaks', stillArrive: 2 },
    { does: 'connection opens' },
    { does: 'text arrives at the server' },
    { does: 'frame arrives at the guest' },
  ];
  for (const one of steps) world.do(one);
  expect(world.signIns).toEqual([]);
  world.settle();
  expect(world.signIns).toEqual([true]);
  expect(world.channel.messages.map((message) => message.text)).toEqual(['before']);
});

test('an echo that is lost while the guest signs in is found in the history, and nothing is said twice', () => {
  const world = new World(false);
  world.input({ type: 'open' });
  const steps: readonly Step[] = [
    { does: 'connection opens' },
    { does: 'text arrives at the server' },
    { does: 'frame arrives at the guest' },
    { does: 'guest says', text: 'ok', later: 0 },
    { does: 'text arrives at the server' },
    { does: 'echo is lost' },
    { does: 'guest signs in' },
  ];
  for (const one of steps) world.do(one);
  world.settle();
  expect(world.platform.history.map(({ id }) => id)).toEqual(['m-0']);
  expect([...world.ends.values()]).toEqual([{ id: 'm-0' }]);
});

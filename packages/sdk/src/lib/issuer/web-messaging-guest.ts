import { type Clock, longestTimerMs, sleep } from '../clock.ts';
import { GuestpassError } from '../errors.ts';
import type { Try } from '../http/exchange.ts';
import type { SessionFrame } from '../messaging/server-frame.ts';
import type { Call, Issue } from './issuer.ts';
import { type Refusal, refusalOf } from './web-messaging-refusal.ts';
import type { Configured } from './web-messaging-session.ts';
import { type NoTurn, type SessionTurnOptions, tryInTurn } from './web-messaging-turn.ts';

/** The sockets of the platform, and how patiently they are used. */
export interface WebMessagingOptions extends SessionTurnOptions {
  /** Draws backoffs; 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  /** Repeats after the first try. Default 3. */
  readonly retries?: number | undefined;
  /** The first backoff is drawn from 0 to this, in milliseconds; each later one doubles it. Default 500. */
  readonly baseDelayMs?: number | undefined;
  /** No backoff of ours is longer, in milliseconds. What the platform asks for may be. Default 5,000. */
  readonly maxDelayMs?: number | undefined;
  /** Names guests and makes session tokens. Default random UUIDs. */
  readonly newId?: (() => string) | undefined;
}

/** Who comes in. */
export interface Newcomer {
  readonly channelId: string;
  /** Of a guest who signed in. */
  readonly jwt?: string;
  /** Tries that were made in vain for this guest before, oldest first. Default none. */
  readonly before?: readonly Try[];
}

/**
 * One socket, one session configured with a fresh token, and the token is handed over. The platform names no guest, so
 * `guestId` is a random id of our own. A try that breaks off is repeated with another token: a session that nobody holds
 * the token of is no guest, so the outcome is never unknown.
 */
export async function makeGuest(options: WebMessagingOptions, newcomer: Newcomer, call: Call): Promise<Issue> {
  const { clock, guard, newId = () => crypto.randomUUID() } = options;
  const { channelId, jwt, before = [] } = newcomer;
  const tries = [...before];
  let last: Refusal | undefined;
  for (;;) {
    const token = newId();
    const made = await tryInTurn(options, { deploymentId: channelId, token, jwt }, { call, before: tries });
    if ('noTurn' in made) return notAsked(made, { last, tries, nowMs: clock.now() });
    tries.push(made.tried);
    if ('answer' in made) {
      guard?.budget.earn();
      return admitted(options, { answer: made.answer, channelId, sessionToken: token, guestId: newId() }, tries);
    }
    const { refusal, tried } = made;
    const waitMs = waitBeforeRepeat(refusal, options, { tries: tries.length - before.length, call });
    if (waitMs === undefined) return failed(refusal, tries);
    tries[tries.length - 1] = { ...tried, waitedMs: waitMs };
    last = refusal;
    const gaveUp = await pause(clock, waitMs, call.signal);
    if (gaveUp) return failed(refusalOf(givenUp, clock.now()), tries);
  }
}

const givenUp = { failure: 'aborted', correlationId: null } as const;

interface Guest {
  readonly answer: Configured;
  readonly channelId: string;
  readonly sessionToken: string;
  readonly guestId: string;
}

function admitted({ url, clock }: WebMessagingOptions, guest: Guest, tries: readonly Try[]): Issue {
  const { answer, channelId, sessionToken, guestId } = guest;
  const expiresAt = expiryOf(answer.session, clock.now());
  const connect = { url, deploymentId: channelId };
  const guestPass = { guestId, channelId, sessionToken, expiresAt, connect };
  return { outcome: 'admitted', guestPass, tries, correlationId: answer.correlationId };
}

function expiryOf({ expiresAtMs, durationSeconds }: SessionFrame, nowMs: number): string | null {
  const at = expiresAtMs ?? (durationSeconds === null ? Number.NaN : nowMs + durationSeconds * 1000);
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function failed({ code, detail, details, correlationId }: Refusal, tries: readonly Try[]): Issue {
  const correlation = correlationId === null ? {} : { correlationId };
  const error = new GuestpassError(code, detail, { ...details, ...correlation, tries });
  return { outcome: 'failed', error, tries, correlationId };
}

interface Before {
  /** Why the try before let nobody in. */
  readonly last: Refusal | undefined;
  readonly tries: readonly Try[];
  readonly nowMs: number;
}

/** A repeat that we refused ourselves changes nothing: the refusal before it stands. */
function notAsked({ noTurn }: NoTurn, { last, tries, nowMs }: Before): Issue {
  if (noTurn === 'aborted') return failed(refusalOf(givenUp, nowMs), tries);
  return last ? failed(last, tries) : { outcome: 'failed', error: noTurn, tries, correlationId: null };
}

/** Time the repeat itself needs before the deadline. */
const reserveMs = 200;
const longestWaitWithoutDeadlineMs = 180_000;

interface Progress {
  readonly tries: number;
  readonly call: Call;
}

/** How long to wait before the repeat, or `undefined` when there is none. */
function waitBeforeRepeat(
  { repeatable, details }: Refusal,
  { clock, random, retries = 3, baseDelayMs = 500, maxDelayMs = 5000, guard }: WebMessagingOptions,
  { tries, call }: Progress,
): number | undefined {
  if (!repeatable || tries > retries) return undefined;
  const backoffMs = random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (tries - 1));
  const waitMs = Math.max(backoffMs, details.retryAfterMs ?? 0);
  const { deadlineAt } = call;
  const longestMs =
    deadlineAt === undefined ? longestWaitWithoutDeadlineMs : deadlineAt - clock.monotonic() - reserveMs;
  const fits = waitMs <= Math.min(longestMs, longestTimerMs);
  return fits && (guard?.budget.take() ?? true) ? waitMs : undefined;
}

/** True when the caller gave up while we waited. */
async function pause(clock: Clock, waitMs: number, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await sleep(clock, waitMs, signal);
    return false;
  } catch {
    return true;
  }
}

import type { Clock } from '../clock.ts';
import type { GuestPayload } from '../contract/guest-payload.ts';
import { type Fault, GuestpassError, isGuestpassError } from '../errors.ts';
import type { Try } from '../http/exchange.ts';
import type { Call, Issue, Issuer, Ready } from '../issuer/issuer.ts';
import { type CaptchaPolicy, refuseCaptcha, verifyCaptcha } from '../policy/captcha.ts';
import { refuseChannel } from '../policy/channel.ts';
import { type ConsentPolicy, refuseConsent, refuseNotice } from '../policy/consent.ts';
import { refuseSignIn } from '../policy/sign-in.ts';
import type { Attempt, AttemptFacts, CaptchaJudgement, StageName } from './attempt.ts';
import type { Stopwatch } from './stopwatch.ts';

/** Who may come in. */
export interface Policy {
  readonly consent: ConsentPolicy;
  readonly captcha: CaptchaPolicy;
  /** Channels that may be used; without a list every channel may. */
  readonly allowedChannels?: ReadonlySet<string>;
}

/** What every attempt of a client goes by. */
export interface AttemptSetup {
  readonly policy: Policy;
  readonly issuer: Issuer;
  readonly clock: Clock;
}

/** One attempt under way: its name, its watch, and what it may spend. */
export interface Run extends Call {
  readonly id: string;
  /** ISO 8601 instant by our own clock. */
  readonly startedAt: string;
  readonly watch: Stopwatch;
  /** The visitor's IP address, told to the captcha provider alone. */
  readonly remoteIp?: string;
}

/**
 * Lets one guest in: policy, then token, then one guest creation. Resolves with what became of it, whatever that is;
 * rejects only for a malfunction of our own.
 */
export async function attemptGuest(payload: GuestPayload, setup: AttemptSetup, run: Run): Promise<Attempt> {
  const refusal = refuse(payload, setup, run.watch);
  if (refusal) return { outcome: 'refused', ...refusal, ...factsOf(payload, run) };

  // Nothing is waited for when nobody has to be asked.
  const verification = verifyCaptcha(payload.captcha, setup.policy.captcha, { ...run, channelId: payload.channelId });
  const verified = verification && (await verification);
  if (verified) run.watch.lap('captcha');
  const captcha = verified?.judgement ?? claimedCaptcha(payload);
  if (verified?.end) {
    return { ...verified.end, stage: 'captcha', ...factsOf(payload, run, { ...nothingAsked, captcha }) };
  }

  const ready = prepare(payload, setup.issuer, run);
  const prepared = ready instanceof Promise ? await ready : ready;
  run.watch.lap('token');
  if ('error' in prepared) {
    const { error } = prepared;
    return { outcome: 'failed', stage: 'token', error, ...factsOf(payload, run, { ...unprepared(error), captcha }) };
  }

  if (isTooLate(run, setup.clock)) {
    const asked = { ...nothingAsked, tokenTries: prepared.tries, captcha };
    return { outcome: 'failed', stage: 'guest', error: tooLate(), ...factsOf(payload, run, asked) };
  }

  const issue = await setup.issuer.issue(payload, run, prepared);
  const asked = { latencyMs: run.watch.lap('guest'), tokenTries: prepared.tries, issue, captcha };
  const facts = factsOf(payload, run, asked);
  if (issue.outcome === 'admitted') return { outcome: 'admitted', guestPass: issue.guestPass, ...facts };
  return { outcome: issue.outcome, stage: 'guest', error: issue.error, ...facts };
}

/** The attempt of a payload too broken to be judged. */
export function refusePayload(input: unknown, faults: readonly Fault[], run: Run): Attempt {
  run.watch.lap('payload');
  const timestampOnly = faults.every(({ pointer }) => pointer === '/consent/timestamp');
  const error = timestampOnly
    ? new GuestpassError('consent_timestamp_invalid', 'The consent timestamp is not a real instant.', { faults })
    : new GuestpassError('payload_invalid', `The payload is not valid: ${listed(faults)}.`, { faults });
  return {
    outcome: 'refused',
    stage: timestampOnly ? 'consent' : 'payload',
    error,
    ...factsOf(undefined, run),
    channelId: channelOf(input),
  };
}

/** The attempt that ended before any policy was asked: its record could not be kept, or its key not be used. */
export function endEarly(
  outcome: 'refused' | 'failed',
  error: GuestpassError,
  { run, payload }: { readonly run: Run; readonly payload?: GuestPayload },
): Attempt {
  const stage = error.code === 'storage_unavailable' ? 'audit' : 'payload';
  return { outcome, stage, error, ...factsOf(payload, run) };
}

/** The attempt that a malfunction of our own cut short, wherever that was. */
export function breakOff(payload: GuestPayload, run: Run): Attempt {
  const error = new GuestpassError('outcome_unknown', 'The attempt broke off by a malfunction; the guest may exist.');
  return { outcome: 'unknown', stage: 'guest', error, ...factsOf(payload, run) };
}

interface Asked {
  readonly latencyMs: number;
  readonly tokenTries: readonly Try[];
  readonly issue: Pick<Issue, 'tries' | 'correlationId'>;
  /** What became of the captcha, once that is known. */
  readonly captcha?: CaptchaJudgement | null;
}

const nothingAsked: Asked = { latencyMs: 0, tokenTries: [], issue: { tries: [], correlationId: null } };

/** What was asked in vain before the guest could be asked for. */
function unprepared({ tries, correlationId }: GuestpassError): Asked {
  return { latencyMs: 0, tokenTries: tries, issue: { tries: [], correlationId: correlationId ?? null } };
}

function refuse(
  payload: GuestPayload,
  { policy, issuer, clock }: AttemptSetup,
  watch: Stopwatch,
): { readonly stage: StageName; readonly error: GuestpassError } | undefined {
  const misfit = refuseSignIn(payload.signIn, issuer.signsIn);
  if (misfit) return { stage: 'payload', error: misfit };

  const consent = refuseConsent(payload.consent, policy.consent, clock.now()) ?? refuseNotice(payload, policy.consent);
  watch.lap('consent');
  if (consent) return { stage: 'consent', error: consent };

  const channel = refuseChannel(payload.channelId, policy.allowedChannels);
  watch.lap('channel');
  if (channel) return { stage: 'channel', error: channel };

  const captcha = refuseCaptcha(payload.captcha, policy.captcha);
  watch.lap('captcha');
  return captcha && { stage: 'captcha', error: captcha };
}

type Prepared = Ready | { readonly error: GuestpassError };

function prepare(payload: GuestPayload, issuer: Issuer, run: Run): Prepared | Promise<Prepared> {
  const ready = issuer.prepare(payload, run);
  if (!(ready instanceof Promise)) return ready;
  return ready.catch((error: unknown) => {
    if (!isGuestpassError(error)) throw error;
    return { error };
  });
}

/**
 * True when what is left hardly suffices for an answer: nobody would know whether the guest exists. That is 300
 * milliseconds, and less for an attempt that had less than ten seconds from the start.
 */
function isTooLate({ deadlineAt, watch }: Run, clock: Clock): boolean {
  if (deadlineAt === undefined) return false;
  return deadlineAt - clock.monotonic() < Math.min(300, 0.03 * (deadlineAt - watch.startedAt));
}

function tooLate(): GuestpassError {
  return new GuestpassError('deadline_exceeded', 'Too little time was left to ask for the guest; nothing was sent.');
}

function factsOf(payload: GuestPayload | undefined, run: Run, asked: Asked = nothingAsked): AttemptFacts {
  const { latencyMs, tokenTries, issue } = asked;
  return {
    id: run.id,
    channelId: payload?.channelId ?? null,
    consentTimestamp: payload?.consent.timestamp ?? null,
    captcha: asked.captcha === undefined ? claimedCaptcha(payload) : asked.captcha,
    startedAt: run.startedAt,
    latencyMs,
    durationMs: run.watch.elapsed(),
    stages: run.watch.stages,
    retries: Math.max(0, tokenTries.length - 1) + Math.max(0, issue.tries.length - 1),
    statusCodes: statusesOf(issue.tries),
    correlationId: issue.correlationId,
  };
}

function statusesOf(tries: readonly Try[]): readonly number[] {
  const statuses: number[] = [];
  for (const { status } of tries) if (status !== undefined) statuses.push(status);
  return statuses;
}

function claimedCaptcha(payload: GuestPayload | undefined): CaptchaJudgement | null {
  const captcha = payload?.captcha;
  return captcha ? { provider: captcha.provider, verified: false, score: captcha.score ?? null } : null;
}

function listed(faults: readonly Fault[]): string {
  const shown = faults.slice(0, 3).map(({ pointer, detail }) => `${pointer || 'it'} ${detail}`);
  return shown.join('; ') + (faults.length > 3 ? `; and ${faults.length - 3} more` : '');
}

/** Shown only when it is harmless: an audit line must not be forged by what was refused. */
function channelOf(input: unknown): string | null {
  if (typeof input !== 'object' || input === null || !('channelId' in input)) return null;
  const { channelId } = input;
  return typeof channelId === 'string' && /^[\w.:-]{1,256}$/.test(channelId) ? channelId : null;
}

import type { Clock, GuestPass } from 'guestpass';
import { type Answer, ask } from '../network.ts';
import { sleep } from '../sleep.ts';
import type { Challenge } from './proof-of-work.ts';
import { solveChallenge } from './solve-challenge.ts';

/** The text that is agreed to, and how it is named on record. */
export interface Notice {
  readonly text: string;
  readonly version: string;
  /** The language of the text, where it is told. */
  readonly language?: string;
}

export interface AdmissionRequest {
  readonly channelId: string;
  /** What the visitor agreed to. */
  readonly notice: Notice;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** What the gateway gives a guest. */
export interface AdmittedPass extends GuestPass {
  /** There when the notice is one of those that the gateway gives receipts for. */
  readonly consentReceipt?: string;
}

/** What is being done. */
export type AdmissionStep = 'checking' | 'letting-in';

/** Has the browser prove that it is one, and asks to be let in. Rejects only when the signal aborts. */
export async function requestAdmission(
  { channelId, notice, signal, clock }: AdmissionRequest,
  onStep: (step: AdmissionStep) => void,
): Promise<Answer<AdmittedPass>> {
  const timestamp = new Date(clock.now()).toISOString();
  onStep('checking');
  const challenge = await ask<Challenge>('/captcha/challenge', { signal });
  if (!challenge.ok) return challenge;
  const response = await solveChallenge(challenge.body, signal);
  if (response === undefined) return cannotCheck;
  onStep('letting-in');
  const payload = {
    channelId,
    consent: {
      accepted: true,
      timestamp,
      noticeVersion: notice.version,
      language: notice.language ?? navigator.language,
    },
    captcha: { provider: 'altcha', response },
    attributes: { origin: 'guest page' },
  };
  return await askOnce(payload, { signal, clock });
}

const mostTries = 4;

/** However often it is sent, one key makes one guest; so an answer that was lost is asked for again. */
async function askOnce(payload: object, { signal, clock }: Pick<AdmissionRequest, 'signal' | 'clock'>) {
  const headers = { 'Idempotency-Key': crypto.randomUUID() };
  for (let tries = 1; ; tries += 1) {
    const answer = await ask<AdmittedPass>('/v1/guests', { method: 'POST', headers, body: payload, signal });
    const undecided = !answer.ok && ['unreachable', 'idempotency_in_progress'].includes(answer.problem.code);
    if (!undecided || tries === mostTries) return answer;
    await sleep(clock, 500 * tries, signal);
  }
}

const cannotCheck = {
  ok: false,
  body: undefined,
  problem: {
    code: 'captcha_rejected',
    status: 0,
    detail: 'The challenge was not solved.',
    requestId: null,
    retryAfterSeconds: null,
    faults: [],
  },
} as const;

import { type Attempt, type Clock, type Guestpass, GuestpassError, isGuestpassError, type Outcome } from 'guestpass';
import { composePayload } from '../guest/payload-input.ts';
import { exitCodes, exitOfError } from '../terminal/exit-codes.ts';
import { shortened } from '../terminal/text.ts';
import type { BatchInput } from './batch-input.ts';

/** What became of a line. */
export interface LineResult {
  /** What is told. */
  readonly shown: object;
  /** The same without secrets, for the journal. */
  readonly kept: object;
  readonly outcome: Outcome;
  readonly exit: number;
}

export interface LineTerms {
  readonly guests: Guestpass;
  readonly clock: Clock;
  readonly idempotencyKey: string;
  readonly channelId: string | undefined;
  /** True when the session token is told whole. */
  readonly showToken: boolean;
}

/** Lets the guest of one line in. A line that holds none is refused, and nothing is sent for it. */
export async function admitLine(input: BatchInput, terms: LineTerms): Promise<LineResult> {
  const payload = payloadOf(input, terms);
  if (isGuestpassError(payload)) return refusal(input.number, payload);
  const attempt = await terms.guests.attempt(payload, { idempotencyKey: terms.idempotencyKey });
  const kept = { line: input.number, ...withoutToken(attempt) };
  return {
    kept,
    shown: terms.showToken ? { line: input.number, ...attempt } : kept,
    outcome: attempt.outcome,
    exit: attempt.outcome === 'admitted' ? exitCodes.done.code : exitCodes[exitOfError[attempt.error.code]].code,
  };
}

function payloadOf(input: BatchInput, { clock, channelId }: LineTerms): unknown {
  const faulty = (detail: string) => new GuestpassError('body_invalid', `Line ${input.number} ${detail}.`);
  if ('fault' in input) return faulty(input.fault);
  try {
    const now = new Date(clock.now()).toISOString();
    return composePayload({ flags: {}, text: input.text, now, ...(channelId !== undefined && { channelId }) });
  } catch (error) {
    if (!isGuestpassError(error)) throw error;
    return faulty('is not JSON');
  }
}

function refusal(line: number, error: GuestpassError): LineResult {
  const shown = { line, outcome: 'refused', error };
  return { shown, kept: shown, outcome: 'refused', exit: exitCodes[exitOfError[error.code]].code };
}

function withoutToken(attempt: Attempt): Attempt {
  if (attempt.outcome !== 'admitted') return attempt;
  const { guestPass } = attempt;
  return { ...attempt, guestPass: { ...guestPass, sessionToken: shortened(guestPass.sessionToken) } };
}

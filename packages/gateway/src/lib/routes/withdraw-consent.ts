import { type Clock, isGuestpassError } from 'guestpass';
import type { Consents } from '../consent/consents.ts';
import { readJsonBody } from '../http/body.ts';
import type { Origins } from '../http/origins.ts';
import type { Problems } from '../http/problem.ts';
import { entryOf } from '../http/problem-table.ts';
import type { RateLimits } from '../http/rate-limits.ts';
import { type Refusal, refusalOf } from '../http/refusal.ts';
import { receiptSchema } from '../openapi/consents.ts';
import { parseWith } from '../settings/schema-faults.ts';
import type { AttemptStore } from '../store/attempts.ts';
import type { Caller } from './authenticate-guest.ts';
import { orThrow, paced, refuseIf, withHeaders } from './request-steps.ts';

export interface ConsentDesk {
  readonly consents: Pick<Consents, 'open' | 'publicKeys'>;
  readonly attempts: Pick<AttemptStore, 'get' | 'withdrawConsent'>;
  readonly rates: RateLimits;
  readonly origins: Origins;
  readonly problems: Problems;
  readonly clock: Clock;
  /** Told how each withdrawal ended, when its answer is ready. */
  readonly onEnded?: (ended: EndedWithdrawal) => void;
}

/** `repeated` is a consent that was withdrawn before; `failed` is no fault of who asked. */
export type WithdrawalOutcome = 'withdrawn' | 'repeated' | 'refused' | 'failed';

export interface EndedWithdrawal {
  readonly caller: Caller;
  readonly outcome: WithdrawalOutcome;
  /** Why it was refused or failed. */
  readonly code: string | null;
  /** Whose consent is withdrawn. */
  readonly attemptId: string | null;
}

/**
 * `POST /v1/withdrawals`: the guest takes the consent back. Whoever has the receipt may, from wherever: it names nobody,
 * and taking back is to be as easy as giving (GDPR, article 7(3)). So it is held to a rate, and to no limit of load.
 */
export function withdrawConsent(desk: ConsentDesk): (request: Request, caller: Caller) => Promise<Response> {
  const { origins, problems, rates, onEnded } = desk;
  return async (request, caller) => {
    const headers = new Headers(origins.corsHeaders(request.headers.get('origin')));
    const refuse = (refusal: Refusal) => {
      onEnded?.({ caller, ...endOf(refusal), attemptId: null });
      return withHeaders(problems.reply(refusal, caller.requestId), headers);
    };
    try {
      refuseIf(await paced(rates.ofCaller(caller.address), headers));
      const taken = await withdraw(orThrow(await readJsonBody(request)).value, desk);
      if ('refusal' in taken) return refuse(taken.refusal);
      onEnded?.({ caller, ...taken, code: null });
      return withHeaders(new Response(null, { status: 204 }), headers);
    } catch (error) {
      const answer = refuse(refusalOf(error));
      if (!isGuestpassError(error)) throw error;
      return answer;
    }
  };
}

function endOf({ code }: Refusal): Pick<EndedWithdrawal, 'outcome' | 'code'> {
  return { outcome: (entryOf(code).httpStatus ?? 500) >= 500 ? 'failed' : 'refused', code };
}

type Taken = { readonly outcome: 'withdrawn' | 'repeated'; readonly attemptId: string } | { readonly refusal: Refusal };

async function withdraw(body: unknown, { consents, attempts, clock }: ConsentDesk): Promise<Taken> {
  const parsed = parseWith(receiptSchema, body);
  if (!parsed.ok) {
    return { refusal: { code: 'request_invalid', detail: 'The body is not a receipt.', faults: parsed.faults } };
  }
  const receipt = await consents.open(parsed.value.receipt);
  const attempt = receipt && (await attempts.get(receipt.attemptId));
  // Forged, foreign or erased: whoever asks learns nothing of which.
  if (!receipt || !attempt || attempt.guest_id === null) return { refusal: notGood };
  const attemptId = attempt.id;
  if (attempt.consent_withdrawn_at !== null) return { outcome: 'repeated', attemptId };
  const basis = `By the guest, with the receipt ${receipt.receiptId}.`;
  const isFirst = await attempts.withdrawConsent({ attemptId, basis, nowMs: clock.now() });
  return { outcome: isFirst ? 'withdrawn' : 'repeated', attemptId };
}

const notGood: Refusal = {
  code: 'consent_receipt_invalid',
  detail: 'No consent can be withdrawn with this receipt.',
};

/** `GET /v1/consent-keys`: what receipts are verified with. */
export function consentKeys(desk: ConsentDesk): (request: Request, caller: Caller) => Promise<Response> {
  const { consents, rates, origins, problems } = desk;
  return async (request, { address, requestId }) => {
    const headers = new Headers(origins.corsHeaders(request.headers.get('origin')));
    const refusal = await paced(rates.ofCaller(address), headers);
    if (refusal) return withHeaders(problems.reply(refusalOf(refusal), requestId), headers);
    const keys = await consents.publicKeys();
    const contentType = { 'Content-Type': 'application/jwk-set+json' };
    return withHeaders(Response.json({ keys }, { headers: contentType }), headers);
  };
}

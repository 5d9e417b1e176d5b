import { type Clock, isGuestpassError } from 'guestpass';
import type { Consents } from '../consent/consents.ts';
import { readJsonBody } from '../http/body.ts';
import type { LoadGate } from '../http/load-gate.ts';
import type { Origins } from '../http/origins.ts';
import type { Problems } from '../http/problem.ts';
import type { RateLimits } from '../http/rate-limits.ts';
import { type Refusal, refusalOf } from '../http/refusal.ts';
import { receiptSchema } from '../openapi/consents.ts';
import { parseWith } from '../schema-faults.ts';
import type { AttemptStore } from '../store/attempts.ts';
import type { Caller } from './authenticate-guest.ts';
import { orThrow, paced, refuseIf, withHeaders } from './request-steps.ts';

export interface ConsentDesk {
  readonly consents: Pick<Consents, 'open' | 'publicKeys'>;
  readonly attempts: Pick<AttemptStore, 'get' | 'withdrawConsent'>;
  readonly gate: LoadGate;
  readonly rates: RateLimits;
  readonly origins: Origins;
  readonly problems: Problems;
  readonly clock: Clock;
}

/**
 * `POST /v1/withdrawals`: the guest takes the consent back. Whoever has the receipt may, from wherever: it names nobody,
 * and taking back is to be as easy as giving.
 */
export function withdrawConsent(desk: ConsentDesk): (request: Request, caller: Caller) => Promise<Response> {
  const { gate, origins, problems } = desk;
  return async (request, { address, requestId }) => {
    const headers = new Headers(origins.corsHeaders(request.headers.get('origin')));
    const entry = gate.enter();
    try {
      if (!entry.ok) throw entry.error;
      refuseIf(await paced(desk.rates.ofCaller(address), headers));
      const refusal = await withdraw(orThrow(await readJsonBody(request)).value, desk);
      return withHeaders(refusal ? problems.reply(refusal, requestId) : new Response(null, { status: 204 }), headers);
    } catch (error) {
      if (!isGuestpassError(error)) throw error;
      return withHeaders(problems.reply(refusalOf(error), requestId), headers);
    } finally {
      if (entry.ok) entry.leave();
    }
  };
}

async function withdraw(body: unknown, { consents, attempts, clock }: ConsentDesk): Promise<Refusal | undefined> {
  const parsed = parseWith(receiptSchema, body);
  if (!parsed.ok) return { code: 'request_invalid', detail: 'The body is not a receipt.', faults: parsed.faults };
  const receipt = await consents.open(parsed.value.receipt);
  const attempt = receipt && (await attempts.get(receipt.attemptId));
  // Forged, foreign or erased: whoever asks learns nothing of which.
  if (!receipt || !attempt || attempt.guest_id === null) return notGood;
  if (attempt.consent_withdrawn_at !== null) return undefined;
  const basis = `By the guest, with the receipt ${receipt.receiptId}.`;
  await attempts.withdrawConsent({ attemptId: attempt.id, basis, nowMs: clock.now() });
  return undefined;
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

import type { Fault } from '../errors.ts';
import { faultsOf } from './faults.ts';
import { type GuestPayload, guestPayloadSchema } from './guest-payload.ts';
import { plainPayload } from './plain-payload.ts';

/** A payload, or every fault of it. */
export type ParsedGuestPayload =
  | { readonly ok: true; readonly payload: GuestPayload }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Parses unknown input into a payload, or returns every fault at once. Throws only what a getter of the input throws. */
export function parseGuestPayload(input: unknown): ParsedGuestPayload {
  const plain = plainPayload(input);
  if (plain) return { ok: true, payload: plain };
  const result = guestPayloadSchema.safeParse(input);
  if (result.success) return { ok: true, payload: result.data };
  return { ok: false, faults: faultsOf(result.error) };
}

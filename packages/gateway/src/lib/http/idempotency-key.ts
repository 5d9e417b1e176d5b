import { GuestpassError } from 'guestpass';

/** The key, `null` when none was sent, or why it is no key. */
export type IdempotencyKey =
  | { readonly ok: true; readonly key: string | null }
  | { readonly ok: false; readonly error: GuestpassError };

/** 16 to 128 letters, digits, `_` and `-`, bare or as a quoted string of structured fields (RFC 9651). */
const keyShape = /^(?:[A-Za-z0-9_-]{16,128}|"[A-Za-z0-9_-]{16,128}")$/;

/** Reads the `Idempotency-Key` header. Two headers, parameters behind the key, or none that is required, make it invalid. */
export function readIdempotencyKey(header: string | null, isRequired = false): IdempotencyKey {
  if (header === null) return isRequired ? invalid('The request has no Idempotency-Key.') : { ok: true, key: null };
  if (keyShape.test(header)) return { ok: true, key: header.replaceAll('"', '') };
  return invalid('The Idempotency-Key has the wrong length or characters.');
}

function invalid(detail: string): IdempotencyKey {
  return { ok: false, error: new GuestpassError('idempotency_key_invalid', detail) };
}

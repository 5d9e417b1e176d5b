import { GuestpassError } from 'guestpass';

/** The key, `null` when none was sent, or why it is no key. */
export type IdempotencyKey =
  | { readonly ok: true; readonly key: string | null }
  | { readonly ok: false; readonly error: GuestpassError };

/** 16 to 128 letters, digits, `_` and `-`, bare or as a quoted string of structured fields (RFC 9651). */
const keyShape = /^(?:[A-Za-z0-9_-]{16,128}|"[A-Za-z0-9_-]{16,128}")$/;

/** Reads the `Idempotency-Key` header. Two headers, or parameters behind the key, make it invalid. */
export function readIdempotencyKey(header: string | null): IdempotencyKey {
  if (header === null) return { ok: true, key: null };
  if (keyShape.test(header)) return { ok: true, key: header.replaceAll('"', '') };
  const detail = 'The Idempotency-Key has the wrong length or characters.';
  return { ok: false, error: new GuestpassError('idempotency_key_invalid', detail) };
}

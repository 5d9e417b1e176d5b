import { hash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { GuestPayload } from '../contract/guest-payload.ts';
import { GuestpassError } from '../errors.ts';
import type { Attempt } from './attempt.ts';

export interface IdempotencyOptions {
  readonly clock: Clock;
  /** Keys remembered at most; the oldest is forgotten first. Default 10,000. */
  readonly capacity?: number;
  /** How long a key is remembered, in milliseconds. Default 24 hours. */
  readonly retentionMs?: number;
}

export interface Idempotency {
  /**
   * Runs `start` once for each key. A second call with the same key and payload gets the first one's attempt, running
   * or done; with another payload it gets the error. The captcha is left out of the comparison, since an answer is
   * good once; the sign-in is not, since it says who the guest is. An attempt that surely created nothing is forgotten,
   * so that its key may be tried again; one that rejects is not, because the guest may exist.
   */
  once(key: string, payload: GuestPayload, start: () => Promise<Attempt>): Promise<Attempt> | GuestpassError;
}

interface Entry {
  readonly fingerprint: string;
  readonly attempt: Promise<Attempt>;
  readonly until: number;
}

/** Remembers keys in this process only; processes that share keys need a shared store. */
export function createIdempotency({
  clock,
  capacity = 10_000,
  retentionMs = 86_400_000,
}: IdempotencyOptions): Idempotency {
  const entries = new Map<string, Entry>();

  const forget = (key: string, entry: Entry) => {
    if (entries.get(key) === entry) entries.delete(key);
  };

  const remember = (key: string, entry: Entry) => {
    entries.delete(key);
    entries.set(key, entry);
    const [oldest] = entries.keys();
    if (entries.size > capacity && oldest !== undefined) entries.delete(oldest);
    entry.attempt.then(
      (attempt) => {
        if (attempt.outcome === 'refused' || attempt.outcome === 'failed') forget(key, entry);
      },
      // Whoever asked is told.
      () => {},
    );
  };

  return {
    once(key, { channelId, consent, attributes, signIn }, start) {
      if (!keyShape.test(key)) {
        return new GuestpassError('idempotency_key_invalid', 'The idempotency key has the wrong length or characters.');
      }
      const asked = JSON.stringify([channelId, consent, attributes ?? {}, signIn], inOrder);
      const fingerprint = hash('sha256', asked, 'base64');
      const known = entries.get(key);
      if (known && known.until > clock.monotonic()) {
        if (known.fingerprint === fingerprint) return known.attempt;
        return new GuestpassError('idempotency_key_reused', 'This idempotency key was used with another payload.');
      }
      const entry = { fingerprint, attempt: start(), until: clock.monotonic() + retentionMs };
      remember(key, entry);
      return entry.attempt;
    },
  };
}

const keyShape = /^[A-Za-z0-9_-]{16,128}$/;

/** The members of an object have no order: a caller may write the same payload another way the second time. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

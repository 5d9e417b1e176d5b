import { hash as digest } from 'node:crypto';
import { GuestpassError } from '../errors.ts';
import { canonicalJson, createCanonicalJson } from './canonical-json.ts';
import type { AuditEvent, AuditRecord, AuditSink } from './event.ts';

/** What the first record of a log names as the hash before it. */
export const genesisHash = '0'.repeat(64);

/** Bytes a record may have as a line, without the line break. */
export const longestLine = 1024 * 1024;

/** Where a chain stands: its last record. Kept elsewhere, it shows later that nothing before it was changed. */
export interface ChainHead {
  /** 0 for a chain without records. */
  readonly sequence: number;
  /** Lower-case hex SHA-256; {@link genesisHash} for a chain without records. */
  readonly hash: string;
}

/** The head of a chain without records. */
export const genesis: ChainHead = { sequence: 0, hash: genesisHash };

/** A record and the line it is stored as. */
export interface Link {
  readonly record: AuditRecord;
  /** One JSON object without a line break. */
  readonly line: string;
}

/** Puts an event behind `head`. Throws a TypeError when the event has no canonical form. */
export function link(event: AuditEvent, head: ChainHead, canonical = canonicalJson): Link {
  const unsealed = { ...event, sequence: head.sequence + 1, previousHash: head.hash };
  const { hash, line } = seal(canonical(unsealed));
  return { record: { ...unsealed, hash }, line };
}

/** Hashes the canonical text of a record without `hash`, and puts the hash in as its last member. */
export function seal(canonicalText: string): { readonly hash: string; readonly line: string } {
  const hash = digest('sha256', canonicalText, 'hex');
  return { hash, line: `${canonicalText.slice(0, -1)},"hash":"${hash}"}` };
}

/** Chains records in this process and stores nothing: for tests, and for callers that keep the records themselves. */
export function memoryChain(): AuditSink {
  const canonical = createCanonicalJson();
  let head = genesis;
  return {
    async record(event) {
      const { record } = linkOrReject(event, head, canonical);
      head = record;
      return record;
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Like {@link link}, but an event that cannot be kept is a fault of the storage, as sinks promise. */
export function linkOrReject(event: AuditEvent, head: ChainHead, canonical: (value: unknown) => string): Link {
  try {
    const linked = link(event, head, canonical);
    // No character takes more than three bytes per UTF-16 code unit, so nothing need be encoded to be sure.
    if (linked.line.length * 3 > longestLine) throw new RangeError('The record is too long for one line.');
    return linked;
  } catch (cause) {
    throw new GuestpassError('storage_unavailable', `The audit record of ${event.attemptId} cannot be kept.`, {
      cause,
      retryable: false,
      remedy: 'Look where its fields come from: finite numbers and well-formed text of moderate length can be kept.',
    });
  }
}

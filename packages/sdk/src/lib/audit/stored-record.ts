import { canonicalJson } from './canonical-json.ts';
import { type ChainHead, genesisHash, longestLine, seal } from './chain.ts';

/** One line of a log, read back: shaped like a record, not yet known to be one. */
export interface StoredRecord extends ChainHead {
  readonly previousHash: string;
  /** Every member, as the line tells it. */
  readonly members: Readonly<Record<string, unknown>>;
}

/** Reads one line, or says in a few words why it is no record. */
export function parseRecord(line: string): StoredRecord | string {
  if (line.length > longestLine) return 'is longer than 1 MiB';
  const members = parseObject(line);
  if (!members) return 'is not a JSON object';
  const { sequence, previousHash, hash } = members;
  if (typeof sequence !== 'number' || !Number.isSafeInteger(sequence) || sequence < 1) return 'has no sequence number';
  if (!isHash(previousHash) || !isHash(hash)) return 'has no hash, or does not name the hash before it';
  return { sequence, previousHash, hash, members };
}

/** Checks a record by itself. Says in a few words how it differs from what was written, or returns `undefined`. */
export function alteration(
  { members, hash }: StoredRecord,
  line: string,
  canonical: (value: unknown) => string,
): string | undefined {
  let written: ReturnType<typeof seal>;
  try {
    written = seal(canonical({ ...members, hash: undefined }));
  } catch {
    return 'holds a value that no record can hold';
  }
  if (written.hash !== hash) return 'does not match its own hash';
  // Other text for the same values could hide a second member of one name from this reader and show it to another.
  return written.line === line ? undefined : 'is not in the form it was written in';
}

/** Says in a few words what is wrong with the line of a record, looked at by itself, or returns `undefined`. */
export function recordFault(line: string): string | undefined {
  const record = parseRecord(line);
  return typeof record === 'string' ? record : alteration(record, line, canonicalJson);
}

/** Reads a line that is one JSON object, or returns `undefined`. */
export function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    // A cast, because JSON gives no other objects: any key may be read.
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** True for text as long as a hash. */
export function isHash(value: unknown): value is string {
  return typeof value === 'string' && value.length === genesisHash.length;
}

import { type AuditFault, fault } from './audit-fault.ts';
import { createCanonicalJson } from './canonical-json.ts';
import type { ChainHead } from './chain.ts';
import { type Lines, numbered } from './lines.ts';
import { alteration, parseRecord, type StoredRecord } from './stored-record.ts';
import { type CheckpointEvidence, openWitnesses } from './witnesses.ts';

export interface VerifyRecordsOptions {
  /** The first and the last sequence that may be there. */
  readonly from: number;
  readonly to: number;
  /** Checkpoints of the log: a record that one of them names must be that very record. */
  readonly checkpoints?: CheckpointEvidence;
}

/** Records that are each as they were hashed. Whether one is missing between them cannot be told. */
export interface RecordsProof {
  readonly ok: true;
  readonly records: number;
  /** Hash of the first and the last record; `null` without records. */
  readonly firstHash: string | null;
  readonly lastHash: string | null;
  /** How many checkpoints name one of the records; present when checkpoints were given. */
  readonly met?: number;
}

/**
 * Checks records that were picked from a log, line by line and in constant memory, and names the first bad one: each
 * must match its own hash and stand behind those before it, and neighbors in the log must still fit together.
 */
export async function verifyRecords(lines: Lines, options: VerifyRecordsOptions): Promise<RecordsProof | AuditFault> {
  const { checkpoints } = options;
  if (!checkpoints) return await look(lines, options);
  const witnesses = await openWitnesses(checkpoints);
  if ('kind' in witnesses) return { ok: false, line: 1, sequence: options.from, ...witnesses };
  try {
    const result = await look(lines, options, async (record, line) => {
      const objection = witnesses.due <= record.sequence ? await witnesses.meet(record) : undefined;
      return objection && { ok: false, line, sequence: record.sequence, ...objection };
    });
    return result.ok ? { ...result, met: witnesses.met } : result;
  } finally {
    await witnesses.close();
  }
}

type Meet = (record: ChainHead, line: number) => Promise<AuditFault | undefined>;

async function look(
  lines: Lines,
  range: Pick<VerifyRecordsOptions, 'from' | 'to'>,
  meet: Meet = async () => undefined,
): Promise<RecordsProof | AuditFault> {
  const canonical = createCanonicalJson();
  let before: StoredRecord | undefined;
  let firstHash: string | null = null;
  let records = 0;
  for await (const { text, line } of numbered(lines)) {
    const record = parseRecord(text);
    const sequence = before ? before.sequence + 1 : range.from;
    if (typeof record === 'string') return fault('malformed', { line, sequence }, `Line ${line} ${record}.`);
    const here = { line, sequence: record.sequence };
    const altered = alteration(record, text, canonical);
    if (altered) return fault('edited', here, `The record on line ${line} ${altered}.`);
    const misplaced = misplacement(record, before, range);
    if (misplaced) return fault(misplaced.kind, here, `Record ${record.sequence} on line ${line} ${misplaced.why}.`);
    const objection = await meet(record, line);
    if (objection) return objection;
    firstHash ??= record.hash;
    before = record;
    records += 1;
  }
  return { ok: true, records, firstHash, lastHash: before?.hash ?? null };
}

interface Misplacement {
  readonly kind: AuditFault['kind'];
  readonly why: string;
}

function misplacement(
  { sequence, previousHash }: StoredRecord,
  before: StoredRecord | undefined,
  { from, to }: Pick<VerifyRecordsOptions, 'from' | 'to'>,
): Misplacement | undefined {
  if (sequence < from || sequence > to) return { kind: 'inserted', why: `is not of records ${from} to ${to}` };
  if (!before) return undefined;
  if (sequence === before.sequence) return { kind: 'duplicate', why: 'comes again' };
  if (sequence < before.sequence) return { kind: 'reordered', why: `stands behind record ${before.sequence}` };
  const isBroken = sequence === before.sequence + 1 && previousHash !== before.hash;
  return isBroken ? { kind: 'edited', why: 'names another hash than the record before it has' } : undefined;
}

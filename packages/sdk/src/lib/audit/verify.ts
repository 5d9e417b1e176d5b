import { type AuditFault, fault, type Place } from './audit-fault.ts';
import { createCanonicalJson } from './canonical-json.ts';
import { type ChainHead, genesis } from './chain.ts';
import { explainBreak } from './explain-break.ts';
import { type Lines, numbered } from './lines.ts';
import { alteration, parseRecord } from './stored-record.ts';
import { type CheckpointEvidence, type Objection, openWitnesses, type Witnesses } from './witnesses.ts';

/** What a log is held to beside its own chain. */
export interface VerifyOptions {
  /**
   * A head of this log that was kept elsewhere. The log must hold that very record, and may go on behind it. Without
   * one, and without `checkpoints`, neither a tail cut off nor a log rewritten as a whole can be told from a good log.
   */
  readonly expectedHead?: ChainHead | undefined;
  /**
   * Checkpoints of this log. It must hold every record that one of them names. What was written behind the last one is
   * vouched for by nobody.
   */
  readonly checkpoints?: CheckpointEvidence | undefined;
  /** Set when the lines are a part of a log, such as an export. A head and checkpoints of other parts say nothing then. */
  readonly part?: LogPart | undefined;
}

/** A part of a log: the records behind `after`, up to `last`. */
export interface LogPart {
  readonly after: ChainHead;
  /** Absent when the part goes to the end of the log, as what is left of one whose beginning was archived. */
  readonly last?: ChainHead;
}

/** A log without a fault. */
export interface AuditProof {
  readonly ok: true;
  readonly records: number;
  /** The record that the first one follows: sequence 0 for a log from its very beginning. */
  readonly after: ChainHead;
  /** Hash of the first and the last record; `null` without records. */
  readonly firstHash: string | null;
  readonly lastHash: string | null;
  /** Keep it elsewhere, and give it as `expectedHead` the next time. */
  readonly head: ChainHead;
  /** Present when checkpoints were given. */
  readonly checkpoints?: {
    /** How many were met on the way. */
    readonly met: number;
    /** The last record that one of them names. What stands behind it is vouched for by nobody; 0 for no record. */
    readonly upTo: number;
  };
}

/**
 * Checks a whole log, line by line and in constant memory, and names the first bad record. Every record must be the
 * very text that was written, match its own hash, and stand behind the record it names; each checkpoint must name a
 * record of the log.
 */
export async function verifyAuditLog(lines: Lines, options: VerifyOptions = {}): Promise<AuditProof | AuditFault> {
  const { checkpoints } = options;
  if (!checkpoints) return await walk(lines, options);
  const witnesses = await openWitnesses(checkpoints);
  const start = options.part?.after ?? genesis;
  if ('kind' in witnesses) return objected(witnesses, { line: 1, sequence: start.sequence + 1 });
  try {
    const result = await walk(lines, options, witnesses);
    return result.ok ? { ...result, checkpoints: { met: witnesses.met, upTo: witnesses.vouched } } : result;
  } finally {
    await witnesses.close();
  }
}

async function walk(
  lines: Lines,
  { expectedHead, part }: VerifyOptions,
  witnesses?: Witnesses,
): Promise<AuditProof | AuditFault> {
  const canonical = createCanonicalJson();
  const rest = numbered(lines);
  const after = placeOf(part?.after ?? genesis);
  let head: Place = { ...after, previousHash: '', line: 0 };
  let firstHash: string | null = null;
  const begins = await witness(head, witnesses);
  if (begins) return begins;
  if (isOther(head, expectedHead)) return rewritten({ ...head, line: 1 });

  for await (const { text, line } of rest) {
    const record = parseRecord(text);
    const expected = head.sequence + 1;
    if (typeof record === 'string') return fault('malformed', { line, sequence: expected }, `Line ${line} ${record}.`);
    const altered = alteration(record, text, canonical);
    if (altered) return fault('edited', { line, sequence: expected }, `The record on line ${line} ${altered}.`);
    const { sequence, previousHash, hash } = record;
    const here = { sequence, previousHash, hash, line };
    if (sequence !== expected || previousHash !== head.hash) return await explainBreak(here, head, rest);
    if (isOther(here, expectedHead) || isOther(here, part?.last)) return rewritten(here);
    if (part?.last && sequence > part.last.sequence) return beyond(here, part.last);
    if (witnesses && witnesses.due <= sequence) {
      const objection = await witness(here, witnesses);
      if (objection) return objection;
    }
    firstHash ??= hash;
    head = here;
  }

  const shortened = tooShort(head, expectedHead) ?? tooShort(head, part?.last);
  if (shortened) return shortened;
  const missing = part?.last ? undefined : witnesses?.missing(head);
  if (missing) return objected(missing, { line: head.line + 1, sequence: head.sequence + 1 });
  const lastHash = firstHash === null ? null : head.hash;
  return { ok: true, records: head.line, after, firstHash, lastHash, head: placeOf(head) };
}

async function witness(here: Place, witnesses: Witnesses | undefined): Promise<AuditFault | undefined> {
  const objection = await witnesses?.meet(here);
  return objection && objected(objection, { line: Math.max(here.line, 1), sequence: here.sequence });
}

function placeOf({ sequence, hash }: ChainHead): ChainHead {
  return { sequence, hash };
}

function isOther(here: ChainHead, known: ChainHead | undefined): boolean {
  return here.sequence === known?.sequence && here.hash !== known.hash;
}

function rewritten(here: Place): AuditFault {
  return fault('rewritten', here, `Record ${here.sequence} is not the one that the expected head names.`);
}

function beyond(here: Place, last: ChainHead): AuditFault {
  return fault('inserted', here, `Record ${here.sequence} stands behind record ${last.sequence}, where the part ends.`);
}

function tooShort(head: Place, known: ChainHead | undefined): AuditFault | undefined {
  if (!known || head.sequence >= known.sequence) return undefined;
  const at = { line: head.line + 1, sequence: head.sequence + 1 };
  return fault('truncated', at, `The log ends behind record ${head.sequence}; it had ${known.sequence}.`);
}

function objected({ kind, checkpoint, detail }: Objection, at: Pick<Place, 'line' | 'sequence'>): AuditFault {
  return { ...fault(kind, at, detail), checkpoint };
}

import { createCanonicalJson } from './canonical-json.ts';
import { type ChainHead, genesis } from './chain.ts';
import { alteration, parseRecord } from './stored-record.ts';

export interface VerifyOptions {
  /**
   * A head of this log that was kept elsewhere. The log must hold that very record, and may go on behind it. Without
   * one, neither a tail cut off nor a log rewritten as a whole can be told from a good log.
   */
  readonly expectedHead?: ChainHead;
}

/**
 * How a log departs from what was written: `malformed`, the line is no record; `edited`, a record was changed;
 * `missing`, records are gone; `reordered`, a record stands before its turn; `duplicate`, a number comes again;
 * `inserted`, a record was put in; `truncated`, the end is gone; `rewritten`, the log fits together but is another one.
 */
export type AuditFaultKind =
  | 'malformed'
  | 'edited'
  | 'missing'
  | 'reordered'
  | 'duplicate'
  | 'inserted'
  | 'truncated'
  | 'rewritten';

/** The first fault of a log. */
export interface AuditFault {
  readonly ok: false;
  /** Where the first bad record stands, or the first missing one should; 1 for the first line. */
  readonly line: number;
  /** The number that record has, or should have. */
  readonly sequence: number;
  readonly kind: AuditFaultKind;
  /** One sentence for the operator; repeats nothing of the record. */
  readonly detail: string;
}

/** A log without a fault. */
export interface AuditProof {
  readonly ok: true;
  readonly records: number;
  /** Hash of the first and the last record; `null` without records. */
  readonly firstHash: string | null;
  readonly lastHash: string | null;
  /** Keep it elsewhere, and give it as `expectedHead` the next time. */
  readonly head: ChainHead;
}

/**
 * Checks a whole log, line by line and in constant memory, and names the first bad record. Every record must be the
 * very text that was written, match its own hash, and stand behind the record it names.
 */
export async function verifyAuditLog(
  lines: AsyncIterable<string> | Iterable<string>,
  options: VerifyOptions = {},
): Promise<AuditProof | AuditFault> {
  const { expectedHead } = options;
  const canonical = createCanonicalJson();
  const rest = numbered(lines);
  let head: Place = { ...genesis, previousHash: '', line: 0 };
  let firstHash: string | null = null;

  for await (const { text, line } of rest) {
    const record = parseRecord(text);
    const expected = head.sequence + 1;
    if (typeof record === 'string') return fault('malformed', { line, sequence: expected }, `Line ${line} ${record}.`);
    const altered = alteration(record, text, canonical);
    if (altered) return fault('edited', { line, sequence: expected }, `The record on line ${line} ${altered}.`);
    const { sequence, previousHash, hash } = record;
    const here = { sequence, previousHash, hash, line };
    if (sequence !== expected || previousHash !== head.hash) return await explain(here, head, rest);
    if (sequence === expectedHead?.sequence && hash !== expectedHead.hash) return rewritten(here);
    firstHash ??= hash;
    head = here;
  }

  if (expectedHead && head.sequence < expectedHead.sequence) return truncated(head, expectedHead);
  const lastHash = firstHash === null ? null : head.hash;
  return { ok: true, records: head.line, firstHash, lastHash, head: { sequence: head.sequence, hash: head.hash } };
}

/** A record by its links alone, and its line. */
interface Place extends ChainHead {
  readonly previousHash: string;
  readonly line: number;
}

type Lines = AsyncGenerator<{ readonly text: string; readonly line: number }, void, undefined>;

async function* numbered(lines: AsyncIterable<string> | Iterable<string>): Lines {
  let line = 0;
  for await (const text of lines) {
    line += 1;
    yield { text, line };
  }
}

/** Finds out why a record that is sound by itself does not fit behind `head`: what follows tells who is at fault. */
function explain(here: Place, head: Place, rest: Lines): Promise<AuditFault> | AuditFault {
  const expected = head.sequence + 1;
  if (here.sequence === expected) return explainBrokenLink(here, head, rest);
  if (here.previousHash === head.hash) {
    return fault(
      'edited',
      { ...here, sequence: expected },
      `The record on line ${here.line} was given another number.`,
    );
  }
  return here.sequence > expected ? explainGap(here, expected, rest) : explainRepeat(here, head, rest);
}

async function explainGap(here: Place, expected: number, rest: Lines): Promise<AuditFault> {
  const at = { line: here.line, sequence: expected };
  for await (const { text, line } of rest) {
    const record = parseRecord(text);
    if (typeof record === 'string' || record.sequence !== expected) continue;
    return fault('reordered', at, `Record ${expected} stands on line ${line}, behind record ${here.sequence}.`);
  }
  const last = here.sequence - 1;
  const gone = last === expected ? `Record ${expected} is` : `Records ${expected} to ${last} are`;
  return fault('missing', at, `${gone} missing before line ${here.line}.`);
}

async function explainRepeat(here: Place, head: Place, rest: Lines): Promise<AuditFault> {
  const rivals = here.sequence === head.sequence && here.hash !== head.hash && here.previousHash === head.previousHash;
  if (!rivals) return fault('duplicate', here, `Record ${here.sequence} comes again on line ${here.line}.`);
  const intruder = (await next(rest))?.previousHash === here.hash ? head : here;
  const detail = `Lines ${head.line} and ${here.line} both claim to be record ${here.sequence}.`;
  return fault('inserted', intruder, detail);
}

async function explainBrokenLink(here: Place, head: Place, rest: Lines): Promise<AuditFault> {
  const following = await next(rest);
  if (following?.sequence === here.sequence && following.previousHash === head.hash) {
    return fault('inserted', here, `The record on line ${here.line} belongs to no record before it.`);
  }
  // The link is broken between two lines. Where the chain goes on from the second, the first was changed.
  const culprit = head.line > 0 && (!following || following.previousHash === here.hash) ? head : here;
  const detail = `Line ${here.line} names another hash than the record before it has.`;
  return fault('edited', culprit, detail);
}

async function next(rest: Lines): Promise<Place | undefined> {
  const { value } = await rest.next();
  if (!value) return undefined;
  const record = parseRecord(value.text);
  return typeof record === 'string' ? undefined : { ...record, line: value.line };
}

function rewritten(here: Place): AuditFault {
  return fault('rewritten', here, `Record ${here.sequence} is not the one that the expected head names.`);
}

function truncated(head: Place, expectedHead: ChainHead): AuditFault {
  const at = { line: head.line + 1, sequence: head.sequence + 1 };
  return fault('truncated', at, `The log ends behind record ${head.sequence}; it had ${expectedHead.sequence}.`);
}

function fault(kind: AuditFaultKind, at: Pick<Place, 'line' | 'sequence'>, detail: string): AuditFault {
  return { ok: false, line: at.line, sequence: at.sequence, kind, detail };
}

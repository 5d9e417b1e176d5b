import type { ChainHead } from './chain.ts';
import type { CheckpointPlace } from './witnesses.ts';

/**
 * How a log departs from what was written: `malformed`, the line is no record; `edited`, a record was changed;
 * `missing`, records are gone; `reordered`, a record stands before its turn; `duplicate`, a number comes again;
 * `inserted`, a record was put in; `truncated`, the end is gone; `rewritten`, the log fits together but is another one;
 * `checkpoint`, nothing is known against the log so far, but a checkpoint is not what was signed.
 */
export type AuditFaultKind =
  | 'malformed'
  | 'edited'
  | 'missing'
  | 'reordered'
  | 'duplicate'
  | 'inserted'
  | 'truncated'
  | 'rewritten'
  | 'checkpoint';

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
  /** The checkpoint that the log was found out by, or that is at fault itself. */
  readonly checkpoint?: CheckpointPlace;
}

/** A record by its links alone, and its line. */
export interface Place extends ChainHead {
  readonly previousHash: string;
  readonly line: number;
}

export function fault(kind: AuditFaultKind, at: Pick<Place, 'line' | 'sequence'>, detail: string): AuditFault {
  return { ok: false, line: at.line, sequence: at.sequence, kind, detail };
}

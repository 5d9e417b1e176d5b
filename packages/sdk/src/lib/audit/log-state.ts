import { canonicalJson } from './canonical-json.ts';
import { type ChainHead, genesis } from './chain.ts';
import { type LogLine, readLogLines } from './log-lines.ts';
import { alteration, parseRecord, type StoredRecord } from './stored-record.ts';

/** What the file of a log holds, as far as a writer must know it to go on. */
export interface LogState {
  /** The last whole record. */
  readonly head: ChainHead;
  /** Bytes up to the end of the last whole record. */
  readonly length: number;
  /** The rest of a write that a crash cut short, when there is one. */
  readonly torn: LogLine | undefined;
  /** The members of each intent that no outcome followed, oldest first. */
  readonly unanswered: readonly Readonly<Record<string, unknown>>[];
}

/** Thrown for a log that no crash explains. */
export class BrokenLogError extends Error {
  override readonly name = 'BrokenLogError';
  readonly line: number;

  constructor(line: number, detail: string) {
    super(`line ${line} ${detail}`);
    this.line = line;
  }
}

/**
 * Reads a log from its beginning, in memory that grows with the unanswered intents alone. Follows the chain from
 * record to record, and checks the last one in full; whether each content is what was written is for `verifyAuditLog`.
 * Throws {@link BrokenLogError}.
 */
export async function readLogState(path: string): Promise<LogState> {
  const lines = readLogLines(path);
  const unanswered = new Map<unknown, StoredRecord['members']>();
  let last: { readonly record: StoredRecord; readonly line: LogLine } | undefined;
  let count = 0;
  const state = (torn?: LogLine): LogState => {
    const altered = last && alteration(last.record, last.line.text, canonicalJson);
    if (altered) throw new BrokenLogError(count, altered);
    const head = last ? { sequence: last.record.sequence, hash: last.record.hash } : genesis;
    return { head, length: last?.line.end ?? 0, torn, unanswered: [...unanswered.values()] };
  };

  for await (const line of lines) {
    const record = line.complete ? parseRecord(line.text) : 'has no end';
    if (typeof record === 'string') {
      if ((await lines.next()).done) return state(line);
      throw new BrokenLogError(count + 1, record);
    }
    count += 1;
    if (!follows(record, last?.record ?? genesis)) throw new BrokenLogError(count, 'does not follow the line before');
    note(record.members, unanswered);
    last = { record, line };
  }
  return state();
}

function follows(record: StoredRecord, head: ChainHead): boolean {
  return record.sequence === head.sequence + 1 && record.previousHash === head.hash;
}

function note(members: StoredRecord['members'], unanswered: Map<unknown, StoredRecord['members']>): void {
  if (members.eventType === 'WEBMESSAGING_GUEST_REQUESTED') unanswered.set(members.attemptId, members);
  else unanswered.delete(members.attemptId);
}

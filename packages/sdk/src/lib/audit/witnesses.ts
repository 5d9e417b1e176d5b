import type { ChainHead } from './chain.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { CheckpointPublicKey } from './checkpoint-keys.ts';
import { type Lines, type NumberedLine, numbered } from './lines.ts';
import { type CheckpointJudge, createCheckpointJudge } from './verify-checkpoints.ts';

/** Checkpoints of a log, kept elsewhere. */
export interface CheckpointEvidence {
  /** One or more files of checkpoints of the same log, such as one of each gateway. */
  readonly files: readonly Lines[];
  /** Keys that are trusted: the first one that signed, or all. A key that a trusted one introduces is trusted too. */
  readonly publicKeys: readonly CheckpointPublicKey[];
  /** The id of the log they must speak of. Default: whatever the first one names. */
  readonly origin?: string;
}

/** Which checkpoint told. */
export interface CheckpointPlace {
  /** Which of the files, from 0. */
  readonly file: number;
  /** 1 for the first line. */
  readonly line: number;
  /** The record it names; `null` when the checkpoint itself is bad. */
  readonly sequence: number | null;
}

/** What the checkpoints have against a log. */
export interface Objection {
  readonly kind: 'checkpoint' | 'rewritten' | 'truncated';
  readonly checkpoint: CheckpointPlace;
  readonly detail: string;
}

/** Several files of checkpoints, read beside a log from its beginning, in constant memory. */
export interface Witnesses {
  /** The next record that a checkpoint names; infinite when there is none left. */
  readonly due: number;
  /** Checkpoints met so far. */
  readonly met: number;
  /** The last record that was vouched for; 0 for none. */
  readonly vouched: number;
  /** Hands over a record. To be called for each record at or behind {@link due}, in order. */
  meet(record: ChainHead): Promise<Objection | undefined>;
  /** What is against a log that ends here. */
  missing(head: ChainHead): Objection | undefined;
  close(): Promise<void>;
}

interface Witness {
  readonly file: number;
  readonly judge: CheckpointJudge;
  readonly lines: AsyncGenerator<NumberedLine, void, undefined>;
  next: { readonly checkpoint: Checkpoint; readonly line: number } | undefined;
}

/** Reads the first checkpoint of each file. Returns an objection when one of them is none. */
export async function openWitnesses(evidence: CheckpointEvidence): Promise<Witnesses | Objection> {
  const all: Witness[] = [];
  const close = async () => {
    for (const { lines } of all) await lines.return();
  };
  let { origin } = evidence;
  try {
    for (const [file, lines] of evidence.files.entries()) {
      const judge = createCheckpointJudge({ publicKeys: evidence.publicKeys, ...(origin !== undefined && { origin }) });
      const witness: Witness = { file, judge, lines: numbered(lines), next: undefined };
      all.push(witness);
      const objection = (await advance(witness)) ?? (witness.next ? undefined : empty(file));
      if (objection) {
        await close();
        return objection;
      }
      origin ??= witness.next?.checkpoint.origin;
    }
  } catch (error) {
    await close();
    throw error;
  }
  return witnessesOf(all, close);
}

function witnessesOf(all: readonly Witness[], close: () => Promise<void>): Witnesses {
  let due = nextOf(all);
  let met = 0;
  let vouched = 0;
  return {
    get due() {
      return due;
    },
    get met() {
      return met;
    },
    get vouched() {
      return vouched;
    },
    async meet(record) {
      for (const witness of all) {
        while (witness.next && witness.next.checkpoint.sequence <= record.sequence) {
          // Records before the first one handed over are not here to be compared.
          if (witness.next.checkpoint.sequence === record.sequence) {
            if (witness.next.checkpoint.hash !== record.hash) return contradiction(witness, vouched);
            met += 1;
            vouched = record.sequence;
          }
          const objection = await advance(witness);
          if (objection) return objection;
        }
      }
      due = nextOf(all);
      return undefined;
    },
    missing(head) {
      const witness = all.find(({ next }) => next?.checkpoint.sequence === due);
      return witness && unmet(witness, head);
    },
    close,
  };
}

/** Reads the next checkpoint of a file. */
async function advance(witness: Witness): Promise<Objection | undefined> {
  witness.next = undefined;
  const { value } = await witness.lines.next();
  if (!value) return undefined;
  const { text, line } = value;
  const verdict = witness.judge(text);
  if (!verdict.ok) {
    return { kind: 'checkpoint', checkpoint: { file: witness.file, line, sequence: null }, detail: verdict.detail };
  }
  witness.next = { checkpoint: verdict.checkpoint, line };
  return undefined;
}

function nextOf(all: readonly Witness[]): number {
  return Math.min(...all.map(({ next }) => next?.checkpoint.sequence ?? Number.POSITIVE_INFINITY));
}

function empty(file: number): Objection {
  const detail = 'There is no checkpoint to check the log by.';
  return { kind: 'checkpoint', checkpoint: { file, line: 1, sequence: null }, detail };
}

function contradiction({ file, next }: Witness, vouched: number): Objection {
  const { sequence = 0, timestamp = '' } = next?.checkpoint ?? {};
  const since = vouched === 0 ? 'No record before it is vouched for' : `Up to record ${vouched} the log is as it was`;
  return {
    kind: 'rewritten',
    checkpoint: { file, line: next?.line ?? 0, sequence },
    detail: `Record ${sequence} is not the one that the checkpoint of ${timestamp} names. ${since}.`,
  };
}

function unmet({ file, next }: Witness, head: ChainHead): Objection {
  const { sequence = 0, timestamp = '' } = next?.checkpoint ?? {};
  return {
    kind: 'truncated',
    checkpoint: { file, line: next?.line ?? 0, sequence },
    detail: `The log ends behind record ${head.sequence}; it had ${sequence} at the checkpoint of ${timestamp}.`,
  };
}

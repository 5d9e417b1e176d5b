import type { ChainHead } from './chain.ts';
import {
  type Checkpoint,
  hashOfCheckpoint,
  introducedKey,
  noCheckpoint,
  parseCheckpoint,
  signatureFault,
} from './checkpoint.ts';
import type { CheckpointPublicKey } from './checkpoint-keys.ts';
import type { Lines } from './lines.ts';

/** What checkpoints are held to. */
export interface VerifyCheckpointsOptions {
  /** Keys that are trusted: the first one that signed, or all. A key that a trusted one introduces is trusted too. */
  readonly publicKeys: readonly CheckpointPublicKey[];
  /** The id of the log they must speak of. Default: whatever the first one names. */
  readonly origin?: string | undefined;
}

/**
 * How a file of checkpoints departs from what was written: `malformed`, the line is no checkpoint; `unknown_key`, it
 * is signed with a key that was neither given nor introduced; `bad_signature`, it was changed; `wrong_key`, it is signed with a key that
 * was not in force there; `other_log`, it speaks of another log; `broken_order`, checkpoints are gone, were moved or
 * come again; `rewritten`, each is signed, but together they tell of a log that was cut off or rewritten.
 */
export type CheckpointFaultKind =
  | 'malformed'
  | 'unknown_key'
  | 'bad_signature'
  | 'wrong_key'
  | 'other_log'
  | 'broken_order'
  | 'rewritten';

/** The first fault of a file of checkpoints. */
export interface CheckpointFault {
  readonly ok: false;
  /** 1 for the first line. */
  readonly line: number;
  readonly kind: CheckpointFaultKind;
  /** One sentence for the operator. */
  readonly detail: string;
}

/** A file of checkpoints without a fault. */
export interface CheckpointProof {
  readonly ok: true;
  readonly checkpoints: number;
  /** `null` without checkpoints. */
  readonly last: Checkpoint | null;
  /** The keys that were given, and those that were introduced behind them. */
  readonly publicKeys: readonly CheckpointPublicKey[];
}

/**
 * Checks a whole file of checkpoints, line by line and in constant memory: signatures, keys, order, and that no two of
 * them contradict each other. That its end is there cannot be told from the file.
 */
export async function verifyCheckpoints(
  lines: Lines,
  options: VerifyCheckpointsOptions,
): Promise<CheckpointProof | CheckpointFault> {
  const judge = createCheckpointJudge(options);
  let checkpoints = 0;
  let last: Checkpoint | null = null;
  const publicKeys = options.publicKeys.map(({ kid, publicKey }) => ({ kid, publicKey }));
  for await (const line of lines) {
    const verdict = judge(line);
    if (!verdict.ok) return verdict;
    checkpoints += 1;
    last = verdict.checkpoint;
    const introduced = introducedKey(last);
    if (introduced) publicKeys.push(introduced);
  }
  return { ok: true, checkpoints, last, publicKeys };
}

/** Judges the next line of a file of checkpoints by those before it. */
export type CheckpointJudge = (
  line: string,
) => { readonly ok: true; readonly checkpoint: Checkpoint } | CheckpointFault;

export function createCheckpointJudge({ publicKeys, origin }: VerifyCheckpointsOptions): CheckpointJudge {
  let line = 0;
  const known = [...publicKeys];
  let last: Checkpoint | undefined;
  let previous = noCheckpoint;

  return (text) => {
    line += 1;
    const fault = (kind: CheckpointFaultKind, detail: string): CheckpointFault => {
      return { ok: false, line, kind, detail: `The checkpoint on line ${line} ${detail}.` };
    };
    const checkpoint = parseCheckpoint(text);
    if (typeof checkpoint === 'string') return fault('malformed', checkpoint);
    const unsigned = signatureFault(checkpoint, known);
    if (unsigned) return fault(unsigned.kind, unsigned.detail);
    if (checkpoint.origin !== (last?.origin ?? origin ?? checkpoint.origin)) {
      return fault('other_log', 'speaks of another log');
    }
    if (checkpoint.previous !== previous) return fault('broken_order', 'does not follow the line before');
    if (last && checkpoint.kid !== (last.nextKid ?? last.kid)) {
      return fault('wrong_key', `is signed with key ${checkpoint.kid}, which was not in force`);
    }
    if (last && contradicts(checkpoint, last)) {
      return fault('rewritten', `names a record that cannot come behind record ${last.sequence} of the one before`);
    }
    const introduced = introducedKey(checkpoint);
    if (introduced) known.push(introduced);
    last = checkpoint;
    previous = hashOfCheckpoint(text);
    return { ok: true, checkpoint };
  };
}

/** True when no log that had `before` as its head can have `head` later: logs only grow. */
export function contradicts(head: ChainHead, before: ChainHead): boolean {
  return head.sequence < before.sequence || (head.sequence === before.sequence && head.hash !== before.hash);
}

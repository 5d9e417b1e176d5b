import {
  type CheckpointEvidence,
  type CheckpointPublicKey,
  parseCheckpointPublicKeys,
  readAuditLines,
  type VerifyOptions,
  verifyCheckpoints,
} from 'guestpass/audit';
import { codeOf, misuse } from '../terminal/misuse.ts';
import type { OutputFlags } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';

/** What a log is to be checked by. */
export interface VerifyFlags extends OutputFlags {
  /** `sequence:hash` of a record that must be there. */
  readonly head?: string;
  /** Files of checkpoints. */
  readonly checkpoints?: readonly string[];
  /** PEM files. */
  readonly publicKey?: readonly string[];
  /** The manifests of exports, in the order of the exports. */
  readonly manifest?: readonly string[];
}

/** What the flags name, read; checkpoints are read as the log is. */
export interface Evidence {
  readonly expectedHead?: NonNullable<VerifyOptions['expectedHead']>;
  readonly checkpoints?: CheckpointEvidence;
  readonly publicKeys?: readonly CheckpointPublicKey[];
  /** Texts of the manifests. */
  readonly manifests?: readonly string[];
}

/**
 * Reads what so many files are to be checked by. Rejects with `config_invalid` when it is unreadable or does not fit
 * together.
 */
export async function readEvidence(files: number, flags: VerifyFlags, { readFile }: Surroundings): Promise<Evidence> {
  const { head, checkpoints = [], publicKey, manifest } = flags;
  requireFit(files, flags);
  const given = publicKey?.flatMap((path) => readKeys(path, readFile));
  const publicKeys = given && (await withIntroduced(given, checkpoints));
  return {
    ...(head !== undefined && { expectedHead: readHead(head) }),
    ...(publicKeys && { publicKeys }),
    ...(flags.checkpoints && given && { checkpoints: { files: checkpoints.map(readCheckpoints), publicKeys: given } }),
    ...(manifest && { manifests: manifest.map((path) => readText('--manifest', path, readFile)) }),
  };
}

function requireFit(files: number, { head, checkpoints, publicKey, manifest }: VerifyFlags): void {
  if (checkpoints && !publicKey) {
    throw misuse('--checkpoints', 'needs --public-key', 'Name the file of the public key that signed the checkpoints.');
  }
  if (publicKey && !checkpoints && manifest === undefined) {
    throw misuse('--public-key', 'has nothing to check', 'Give --checkpoints or --manifest as well.');
  }
  if (head !== undefined && manifest !== undefined) {
    throw misuse('--head', 'does not go with --manifest', 'Leave it out: the manifest says where the export ends.');
  }
  const manifests = manifest?.length ?? 0;
  if (manifests === 0 && files > 1) {
    throw misuse('<file>', 'was given more than once', 'Give each export its --manifest, or check one log at a time.');
  }
  if (manifest && manifests !== files) {
    throw misuse('--manifest', `was given ${manifests} times for ${files} files`, 'Give one for each, in their order.');
  }
}

/** A key that a trusted one introduced signs manifests too. What is wrong with checkpoints is told by the check itself. */
async function withIntroduced(
  publicKeys: readonly CheckpointPublicKey[],
  checkpoints: readonly string[],
): Promise<readonly CheckpointPublicKey[]> {
  const all = [...publicKeys];
  for (const path of checkpoints) {
    const found = await verifyCheckpoints(readCheckpoints(path), { publicKeys });
    if (found.ok) all.push(...found.publicKeys);
  }
  return all;
}

function readHead(text: string): NonNullable<VerifyOptions['expectedHead']> {
  const [, sequence, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (hash !== undefined) return { sequence: Number(sequence), hash };
  const detail = 'must be a number, a colon and 64 hexadecimal digits';
  throw misuse('--head', detail, 'Give the head as an earlier verification printed it.');
}

function readKeys(path: string, readFile: Surroundings['readFile']): readonly CheckpointPublicKey[] {
  const pem = readText('--public-key', path, readFile);
  try {
    return parseCheckpointPublicKeys(pem);
  } catch {
    const remedy = 'Name the `.pub` file that `guestpass audit keygen` wrote.';
    throw misuse('--public-key', 'is no Ed25519 public key in PEM', remedy);
  }
}

function readText(flag: string, path: string, readFile: Surroundings['readFile']): string {
  try {
    return readFile(path);
  } catch (error) {
    throw unreadable(flag, error);
  }
}

async function* readCheckpoints(path: string): AsyncGenerator<string, void, undefined> {
  try {
    yield* readAuditLines(path);
  } catch (error) {
    throw unreadable('--checkpoints', error);
  }
}

function unreadable(flag: string, error: unknown) {
  return misuse(flag, `cannot be read${codeOf(error)}`, 'Name a readable file.');
}

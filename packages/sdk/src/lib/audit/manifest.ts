import * as z from 'zod';
import type { ChainHead } from './chain.ts';
import { type Checkpoint, signatureFault } from './checkpoint.ts';
import type { CheckpointKey, CheckpointPublicKey } from './checkpoint-keys.ts';
import { isSignedBy, signMembers } from './signature.ts';

/** Which records were asked for. Records that are of no attempt are in no export of attempts. */
export interface ExportFilter {
  /** Of these attempts. */
  readonly attemptIds?: readonly string[];
  /** Of these types. */
  readonly eventTypes?: readonly string[];
  /** Recorded at or after this instant: ISO 8601, UTC. */
  readonly since?: string;
  /** Recorded before this instant. */
  readonly until?: string;
}

/** What a file of exported records is: handed over with it, it makes the file verifiable without the log. */
export interface ExportManifest {
  /** `jsonl`: the lines of the log as they stand. `csv`: a table of the same records. */
  readonly format: 'jsonl' | 'csv';
  /** The first and the last sequence that were asked for. */
  readonly from: number;
  readonly to: number;
  /** Present when not every record of the range is there, but only those that were asked for. */
  readonly filter?: ExportFilter;
  /** Records in the file. */
  readonly count: number;
  /** Hash of the record before the first; `null` without records, like the next two. */
  readonly previousHash: string | null;
  readonly firstHash: string | null;
  readonly lastHash: string | null;
  /** Size of the file. */
  readonly bytes: number;
  /** Lower-case hex SHA-256 of the file. */
  readonly sha256: string;
  /** Where the log stood when the export began. */
  readonly head: ChainHead;
  /** The last checkpoint at that time; `null` when there was none. */
  readonly checkpoint: Checkpoint | null;
  /** Where the log began at that time, when what came before was archived; absent while it began at record 1. */
  readonly genesis?: Checkpoint;
  /** ISO 8601, UTC. */
  readonly generatedAt: string;
  /** Name and version of what wrote the file. */
  readonly tool: string;
  /** Names the key of `signature`, which is made like that of a checkpoint. Both absent when it was not signed. */
  readonly kid?: string;
  readonly signature?: string;
}

/** Signs a manifest with the key of the checkpoints. */
export function signManifest(manifest: ExportManifest, key: CheckpointKey): ExportManifest {
  const { signature: _, ...members } = { ...manifest, kid: key.kid };
  return { ...members, signature: signMembers(members, key) };
}

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const kid = z.string().regex(/^[0-9a-f]{16}$/);
const count = z.int().nonnegative();

const checkpointSchema = z.strictObject({
  origin: z.string(),
  sequence: count,
  hash,
  timestamp: z.iso.datetime(),
  previous: hash,
  kid,
  signature: z.string(),
  nextKid: kid.exactOptional(),
  nextPublicKey: z.string().exactOptional(),
  nextSignature: z.string().exactOptional(),
});

const manifestSchema = z.looseObject({
  format: z.enum(['jsonl', 'csv']),
  from: z.int().positive(),
  to: count,
  filter: z
    .strictObject({
      attemptIds: z.array(z.string()).exactOptional(),
      eventTypes: z.array(z.string()).exactOptional(),
      since: z.iso.datetime().exactOptional(),
      until: z.iso.datetime().exactOptional(),
    })
    .exactOptional(),
  count,
  previousHash: hash.nullable(),
  firstHash: hash.nullable(),
  lastHash: hash.nullable(),
  bytes: count,
  sha256: hash,
  head: z.strictObject({ sequence: count, hash }),
  checkpoint: checkpointSchema.nullable(),
  genesis: checkpointSchema.exactOptional(),
  generatedAt: z.iso.datetime(),
  tool: z.string(),
  kid: kid.exactOptional(),
  signature: z.string().exactOptional(),
});

/** Reads a manifest, or returns one sentence that says why the text is none. */
export function parseManifest(text: string): ExportManifest | string {
  const json = parseJson(text);
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) return `The manifest is not usable at ${placesOf(parsed.error)}.`;
  const { data } = parsed;
  return isSound(data) ? data : 'The manifest contradicts itself.';
}

function isSound(manifest: ExportManifest): boolean {
  const { count: records, from, to, head, genesis, filter, previousHash, firstHash, lastHash } = manifest;
  const empty = records === 0;
  const told = [previousHash, firstHash, lastHash].every((value) => (value === null) === empty);
  const begins = empty || !genesis || from > genesis.sequence;
  if (empty || filter) return told && begins;
  const follows = genesis?.sequence !== from - 1 || genesis.hash === previousHash;
  return told && begins && follows && (to !== head.sequence || lastHash === head.hash);
}

/** Says in one sentence why a manifest is not to be trusted, or returns `undefined`. */
export function manifestFault(
  manifest: ExportManifest,
  publicKeys: readonly CheckpointPublicKey[],
): string | undefined {
  const { signature, ...members } = manifest;
  if (signature === undefined) return 'The manifest is not signed.';
  const key = publicKeys.find((known) => known.kid === manifest.kid);
  if (!key) return `The manifest is signed with key ${manifest.kid ?? '(none)'}, which was not given.`;
  if (!isSignedBy(members, signature, key)) return 'The manifest is not what was signed.';
  for (const checkpoint of [manifest.checkpoint, manifest.genesis]) {
    const fault = checkpoint && signatureFault(checkpoint, publicKeys);
    if (fault) return `The checkpoint in the manifest ${fault.detail}.`;
  }
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function placesOf(error: z.ZodError): string {
  return error.issues.map(({ path }) => `/${path.join('/')}`).join(', ');
}

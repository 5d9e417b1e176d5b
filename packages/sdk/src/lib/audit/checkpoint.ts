import { hash as digest } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import { type ChainHead, genesisHash, longestLine } from './chain.ts';
import { type CheckpointKey, type CheckpointPublicKey, parsePublicKeyText, publicKeyText } from './checkpoint-keys.ts';
import { isSignature, isSignedBy, signMembers } from './signature.ts';
import { isHash, parseObject } from './stored-record.ts';

/** What a checkpoint says: at that instant, that log ended in that record. */
export interface CheckpointClaim extends ChainHead {
  /** The id of the log. */
  readonly origin: string;
  /** When the head was read: ISO 8601, UTC. */
  readonly timestamp: string;
  /** SHA-256 of the checkpoint before, as a line without its line break; 64 zeros for the first. */
  readonly previous: string;
}

/**
 * A signed statement of where a log stood. Kept where the writer of the log cannot change it, it shows that the log
 * was cut off or rewritten.
 */
export interface Checkpoint extends CheckpointClaim {
  /** Names the key of `signature`. */
  readonly kid: string;
  /** Ed25519 over the RFC 8785 form of all members but the signatures; base64url. */
  readonly signature: string;
  /** In a checkpoint that changes keys: names the key that signs from the next checkpoint on. */
  readonly nextKid?: string;
  /** That key itself, its 32 bytes as base64url: whoever trusts the key before trusts this one too. */
  readonly nextPublicKey?: string;
  /** The signature of that key over the same text. */
  readonly nextSignature?: string;
}

/** A checkpoint and the line it is stored as. */
export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** The RFC 8785 form of the checkpoint: one JSON object without a line break. */
  readonly line: string;
}

/** What the first checkpoint names as the one before it. */
export const noCheckpoint = genesisHash;

/** Signs a checkpoint. */
export function signCheckpoint(claim: CheckpointClaim, key: CheckpointKey): SignedCheckpoint {
  const members = { ...membersOf(claim), kid: key.kid };
  return written({ ...members, signature: signMembers(members, key) });
}

/** Signs a checkpoint that hands over from one key to another, with both: neither key's owner can do so alone. */
export function signRotation(
  claim: CheckpointClaim,
  keys: { readonly from: CheckpointKey; readonly to: CheckpointKey },
): SignedCheckpoint {
  const { from, to } = keys;
  const members = { ...membersOf(claim), kid: from.kid, nextKid: to.kid, nextPublicKey: publicKeyText(to) };
  return written({
    ...members,
    signature: signMembers(members, from),
    nextSignature: signMembers(members, to),
  });
}

/** What the next checkpoint names as its `previous`. */
export function hashOfCheckpoint(line: string): string {
  return digest('sha256', line, 'hex');
}

/** Reads one line, or says in a few words why it is no checkpoint. Its signatures are not checked. */
export function parseCheckpoint(line: string): Checkpoint | string {
  if (line.length > longestLine) return 'is longer than 1 MiB';
  const members = parseObject(line);
  if (!members) return 'is not a JSON object';
  if (!isCheckpoint(members)) return 'is not a checkpoint';
  // Other text for the same values could hide a second member of one name.
  return canonicalOrNothing(members) === line ? members : 'is not in the form it was written in';
}

/** The key that a checkpoint introduces, when it holds one and the key has the name it goes by. */
export function introducedKey({ nextKid, nextPublicKey }: Checkpoint): CheckpointPublicKey | undefined {
  const key = nextPublicKey === undefined ? undefined : parsePublicKeyText(nextPublicKey);
  return key?.kid === nextKid ? key : undefined;
}

/** Names the key that signs behind this checkpoint. */
export function kidInForce({ kid, nextKid }: Checkpoint): string {
  return nextKid ?? kid;
}

export interface SignatureFault {
  readonly kind: 'unknown_key' | 'bad_signature';
  /** A few words. */
  readonly detail: string;
}

/**
 * Says what is wrong with the signatures of a checkpoint, or returns `undefined`. One that changes keys must be signed
 * with a known key; the key behind it need not be known, when the checkpoint introduces it.
 */
export function signatureFault(
  checkpoint: Checkpoint,
  publicKeys: readonly CheckpointPublicKey[],
): SignatureFault | undefined {
  const { kid, signature, nextKid, nextSignature = '' } = checkpoint;
  const fault = faultOf(checkpoint, { kid, signature }, publicKeys);
  if (fault || nextKid === undefined) return fault;
  const introduced = introducedKey(checkpoint);
  const known = introduced ? [...publicKeys, introduced] : publicKeys;
  return faultOf(checkpoint, { kid: nextKid, signature: nextSignature }, known);
}

/** Says in a few words why a checkpoint is not to be trusted, or returns `undefined`. */
export function checkpointFault(
  checkpoint: Checkpoint,
  publicKeys: readonly CheckpointPublicKey[],
): string | undefined {
  return signatureFault(checkpoint, publicKeys)?.detail;
}

/** The same as {@link signatureFault} for the signature of the key in force behind the checkpoint alone. */
export function lastSignatureFault(
  checkpoint: Checkpoint,
  publicKeys: readonly CheckpointPublicKey[],
): SignatureFault | undefined {
  const { signature, nextSignature = signature } = checkpoint;
  return faultOf(checkpoint, { kid: kidInForce(checkpoint), signature: nextSignature }, publicKeys);
}

function faultOf(
  checkpoint: Checkpoint,
  { kid, signature }: Pick<Checkpoint, 'kid' | 'signature'>,
  publicKeys: readonly CheckpointPublicKey[],
): SignatureFault | undefined {
  const { signature: _, nextSignature: __, ...members } = checkpoint;
  const key = publicKeys.find((known) => known.kid === kid);
  if (!key) return { kind: 'unknown_key', detail: `is signed with key ${kid}, which was not given` };
  if (isSignedBy(members, signature, key)) return undefined;
  return { kind: 'bad_signature', detail: `is not what was signed with key ${kid}` };
}

/** A claim may come as a wider object, of which nothing else is signed. */
function membersOf({ origin, sequence, hash, timestamp, previous }: CheckpointClaim): CheckpointClaim {
  return { origin, sequence, hash, timestamp, previous };
}

function written(checkpoint: Checkpoint): SignedCheckpoint {
  return { checkpoint, line: canonicalJson(checkpoint) };
}

function isCheckpoint(members: Readonly<Record<string, unknown>> | Checkpoint): members is Checkpoint {
  const { origin, sequence, hash, timestamp, previous, kid, signature } = members;
  return (
    typeof origin === 'string' &&
    typeof sequence === 'number' &&
    Number.isSafeInteger(sequence) &&
    sequence >= 0 &&
    isHash(hash) &&
    typeof timestamp === 'string' &&
    !Number.isNaN(Date.parse(timestamp)) &&
    isHash(previous) &&
    isKid(kid) &&
    isSignature(signature) &&
    isHandover(members)
  );
}

/** All of it or nothing; the key itself may be absent. */
function isHandover({
  nextKid,
  nextPublicKey,
  nextSignature,
}: Readonly<Record<string, unknown>> | Checkpoint): boolean {
  if (nextKid === undefined && nextPublicKey === undefined && nextSignature === undefined) return true;
  const isText =
    nextPublicKey === undefined || (typeof nextPublicKey === 'string' && /^[\w-]{43}$/.test(nextPublicKey));
  return isKid(nextKid) && isSignature(nextSignature) && isText;
}

function isKid(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);
}

function canonicalOrNothing(members: object): string | undefined {
  try {
    return canonicalJson(members);
  } catch {
    return undefined;
  }
}

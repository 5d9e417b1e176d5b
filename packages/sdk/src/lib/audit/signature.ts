import { sign, verify } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import type { CheckpointKey, CheckpointPublicKey } from './checkpoint-keys.ts';

/** Signs the RFC 8785 form of `members` with Ed25519 (RFC 8032). Returns the 64 bytes as base64url, without padding. */
export function signMembers(members: object, key: CheckpointKey): string {
  return sign(null, bytesOf(members), key.privateKey).toString('base64url');
}

/** True when `signature` was made by {@link signMembers} over the same members with that key. */
export function isSignedBy(members: object, signature: string, key: CheckpointPublicKey): boolean {
  return verify(null, bytesOf(members), key.publicKey, Buffer.from(signature, 'base64url'));
}

/** True for text that {@link signMembers} may have returned. */
export function isSignature(value: unknown): value is string {
  if (typeof value !== 'string' || !/^[\w-]{86}$/.test(value)) return false;
  // The last character has bits to spare: only one way to write them counts.
  return Buffer.from(value, 'base64url').toString('base64url') === value;
}

function bytesOf(members: object): Buffer {
  return Buffer.from(canonicalJson(members));
}

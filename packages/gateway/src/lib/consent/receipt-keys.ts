import type { KeyObject } from 'node:crypto';
import type { ConsentKeys } from '../store/consent-keys.ts';
import type { SigningKey } from './compact-jws.ts';
import { jwkOf, keyOf, type PublicJwk, publicJwk } from './public-jwk.ts';

/** The key that receipts are signed with, and all those that they were signed with before or elsewhere in the fleet. */
export interface ReceiptKeys {
  readonly signing: SigningKey;
  /** Every public key, oldest first. */
  list(): Promise<readonly PublicJwk[]>;
  /** The public key of this name, whichever gateway of the fleet has used it. */
  find(kid: string): Promise<KeyObject | undefined>;
}

export interface ReceiptKeysOptions {
  /** Ed25519. */
  readonly privateKey: KeyObject;
  readonly store: ConsentKeys;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/** Puts the key beside those of the fleet; from then on every gateway knows it. */
export async function openReceiptKeys({ privateKey, store, nowMs }: ReceiptKeysOptions): Promise<ReceiptKeys> {
  const own = publicJwk(privateKey);
  const known = new Map([[own.kid, own]]);
  const list = async () => {
    // The name is made from the key, so a row whose key was exchanged is not taken for the one of that name.
    const keys = (await store.list()).map(({ publicKey }) => jwkOf(publicKey));
    for (const key of keys) known.set(key.kid, key);
    return keys;
  };
  await store.remember({ kid: own.kid, publicKey: Buffer.from(own.x, 'base64url') }, nowMs);
  return {
    signing: { kid: own.kid, privateKey },
    list,
    async find(kid) {
      if (!known.has(kid)) await list();
      const found = known.get(kid);
      return found && keyOf(found);
    },
  };
}

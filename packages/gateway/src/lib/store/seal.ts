import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { GuestpassError } from 'guestpass';

/** At least 32 random bytes, the same for every gateway of one database. */
export type MasterKey = KeyObject | Uint8Array;

/** Keeps short secrets in the database unreadable to whoever has only the database. */
export interface Seal {
  /** AES-256-GCM under a fresh nonce. `bound` names the row; a value moved to another row does not open. */
  seal(plain: Uint8Array | string, bound: string): Buffer;
  /** Throws when the value was changed, moved or sealed with another key. */
  open(sealed: Uint8Array, bound: string): Buffer;
  /** The same 32 bytes for the same text, which nobody without the key can check a guess against. */
  fingerprint(text: string): Buffer;
}

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

/** A seal for one purpose; those of other purposes cannot open what it closed. */
export function createSeal(masterKey: MasterKey, purpose: string): Seal {
  if (lengthOf(masterKey) < 32) throw new GuestpassError('config_invalid', 'The master key is shorter than 32 bytes.');
  const key = derive(masterKey, `guestpass/${purpose}/seal`);
  const printKey = derive(masterKey, `guestpass/${purpose}/fingerprint`);
  return {
    ...sealWith(key),
    fingerprint: (text) => createHmac('sha256', printKey).update(text).digest(),
  };
}

/** The seal of guest passes, guests' keys and idempotency keys. */
export function attemptSeal(masterKey: MasterKey): Seal {
  return createSeal(masterKey, 'attempts');
}

/** Seals under a key as it is. */
export function sealWith(given: KeyObject | Uint8Array): Pick<Seal, 'seal' | 'open'> {
  // Node takes twice to four times as long for a cipher whose key is plain bytes.
  const key = given instanceof Uint8Array ? createSecretKey(given) : given;
  return {
    seal(plain, bound) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(bound));
      const text = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([Buffer.of(version), nonce, text, cipher.getAuthTag()]);
    },
    open(sealed, bound) {
      if (sealed[0] !== version || sealed.length < 1 + nonceBytes + tagBytes)
        throw new Error('This is no sealed value.');
      const nonce = sealed.subarray(1, 1 + nonceBytes);
      const tag = sealed.subarray(sealed.length - tagBytes);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
      decipher.setAAD(Buffer.from(bound)).setAuthTag(tag);
      const text = sealed.subarray(1 + nonceBytes, sealed.length - tagBytes);
      return Buffer.concat([decipher.update(text), decipher.final()]);
    },
  };
}

function derive(masterKey: MasterKey, info: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', masterKey, '', info, 32)));
}

function lengthOf(masterKey: MasterKey): number {
  return 'byteLength' in masterKey ? masterKey.byteLength : (masterKey.symmetricKeySize ?? 0);
}

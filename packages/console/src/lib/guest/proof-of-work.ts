/** A challenge of ALTCHA 2, as far as it is worked on. */
export interface Challenge {
  readonly parameters: {
    readonly algorithm: string;
    /** Hexadecimal, like the salt and the prefix. */
    readonly nonce: string;
    readonly salt: string;
    /** Rounds of PBKDF2. */
    readonly cost: number;
    readonly keyLength: number;
    readonly keyPrefix: string;
  };
}

export interface Solution {
  readonly counter: number;
  readonly derivedKey: string;
}

/** A share of the counters: `first`, `first + step` and so on. */
export interface Share {
  readonly first: number;
  readonly step: number;
}

/** No challenge of ours asks for more; one that is never solved must end. */
const mostGuesses = 1_000_000;

/** Guesses counters until the derived key begins as asked. `undefined` when none does, or for another algorithm. */
export async function solve(challenge: Challenge, { first, step }: Share): Promise<Solution | undefined> {
  const { algorithm, nonce, salt, cost, keyLength, keyPrefix } = challenge.parameters;
  const [, hash] = /^PBKDF2\/(SHA-(?:256|384|512))$/.exec(algorithm) ?? [];
  if (hash === undefined) return undefined;
  const terms = { name: 'PBKDF2', hash, salt: bytesOf(salt), iterations: cost };
  const prefix = keyPrefix.toLowerCase();
  for (let counter = first; counter < mostGuesses; counter += step) {
    const key = await crypto.subtle.importKey('raw', passwordOf(nonce, counter), 'PBKDF2', false, ['deriveBits']);
    const derivedKey = hexOf(await crypto.subtle.deriveBits(terms, key, keyLength * 8));
    if (derivedKey.startsWith(prefix)) return { counter, derivedKey };
  }
  return undefined;
}

/** The nonce, and the counter as a big-endian 32-bit number behind it. */
function passwordOf(nonce: string, counter: number): Uint8Array<ArrayBuffer> {
  const start = bytesOf(nonce);
  const password = new Uint8Array(start.length + 4);
  password.set(start);
  new DataView(password.buffer).setUint32(start.length, counter);
  return password;
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

function hexOf(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

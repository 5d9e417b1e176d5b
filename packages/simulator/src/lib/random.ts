import { createHash } from 'node:crypto';

/** A source of ids, tokens and chances that repeats itself for the same seed and stream. */
export interface SeededRandom {
  /** A version 4 UUID (RFC 9562 section 5.4). */
  uuid(): string;
  /** 256 bits, base64url. */
  token(): string;
  /** At least 0, below 1. */
  fraction(): number;
}

/**
 * SHA-256 in counter mode. Every purpose draws from its own stream, so that one more draw here does not shift the
 * values there. Predictable by design: fit for a simulator, never for a service.
 */
export function createRandom(seed: string, stream: string): SeededRandom {
  let drawn = 0;
  const draw = () => {
    drawn += 1;
    return createHash('sha256')
      .update(JSON.stringify([seed, stream, drawn]))
      .digest();
  };
  return {
    uuid: () => formatUuid(draw()),
    token: () => draw().toString('base64url'),
    fraction: () => draw().readUIntBE(0, 6) / 2 ** 48,
  };
}

function formatUuid(bytes: Buffer): string {
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

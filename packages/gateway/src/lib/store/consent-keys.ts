import { sql } from 'kysely';
import type { Database } from '../database/connect.ts';

/** The public keys of consent receipts, over the whole fleet. None is ever forgotten. */
export interface ConsentKeys {
  /** Puts a key beside the others. One that is there already stays as it is. */
  remember(key: ConsentPublicKey, nowMs: number): Promise<void>;
  /** Oldest first. */
  list(): Promise<readonly ConsentPublicKey[]>;
}

export interface ConsentPublicKey {
  readonly kid: string;
  /** The 32 bytes of an Ed25519 key. */
  readonly publicKey: Uint8Array;
}

export function createConsentKeys(database: Database): ConsentKeys {
  return {
    async remember({ kid, publicKey }, nowMs) {
      await database.run((session) =>
        sql`
          insert into guestpass.consent_keys (kid, public_key, first_used_at)
          values (${kid}, ${Buffer.from(publicKey)}, ${new Date(nowMs)}) on conflict (kid) do nothing`.execute(session),
      );
    },
    async list() {
      const { rows } = await database.run((session) =>
        sql<{ kid: string; public_key: Buffer }>`
          select kid, public_key from guestpass.consent_keys order by first_used_at, kid`.execute(session),
      );
      return rows.map(({ kid, public_key }) => ({ kid, publicKey: public_key }));
    },
  };
}

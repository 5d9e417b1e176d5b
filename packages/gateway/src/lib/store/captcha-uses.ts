import { sql } from 'kysely';
import type { Database } from '../database/connect.ts';
import { createSeal, type MasterKey } from './seal.ts';

/** Captcha answers that were used, over the whole fleet. */
export interface CaptchaUses {
  /**
   * Marks an answer as used until `expiresAtMs`. Resolves with false when somebody used it before: of any number of
   * calls with one answer, one gets true. The answer itself is not stored.
   */
  claim(answer: CaptchaAnswer, nowMs: number): Promise<boolean>;
  /** Deletes the marks whose time is up. */
  forgetExpired(nowMs: number): Promise<void>;
}

export interface CaptchaAnswer {
  readonly provider: string;
  readonly response: string;
  /** Milliseconds since the Unix epoch; not before the provider itself refuses the answer. */
  readonly expiresAtMs: number;
}

export function createCaptchaUses(database: Database, masterKey: MasterKey): CaptchaUses {
  const seal = createSeal(masterKey, 'captcha');
  return {
    claim({ provider, response, expiresAtMs }, nowMs) {
      const hash = seal.fingerprint(JSON.stringify([provider, response]));
      return database.run(async (session) => {
        const { rows } = await sql`
          insert into guestpass.captcha_uses as u (hash, expires_at) values (${hash}, ${new Date(expiresAtMs)})
          on conflict (hash) do update set expires_at = excluded.expires_at where u.expires_at <= ${new Date(nowMs)}
          returning 1 as claimed`.execute(session);
        return rows.length === 1;
      });
    },
    async forgetExpired(nowMs) {
      await database.run((session) =>
        sql`delete from guestpass.captcha_uses where expires_at <= ${new Date(nowMs)}`.execute(session),
      );
    },
  };
}

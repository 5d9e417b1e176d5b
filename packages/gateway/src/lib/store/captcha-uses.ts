import { sql } from 'kysely';
import type { Database } from '../database/connect.ts';
import { createSeal, type MasterKey } from './seal.ts';

/** Captcha answers that were used, over the whole fleet. */
export interface CaptchaUses {
  /**
   * Marks an answer as used until `expiresAtMs`. Resolves with false when somebody used it before: of any number of
   * calls with one answer, one gets true. The answer itself is not stored. `nowMs` is of the clock of `expiresAtMs`; the
   * mark lasts until then by that clock and by the database's, which alone says when a mark is over.
   */
  claim(answer: CaptchaAnswer, nowMs: number): Promise<boolean>;
  /** Takes the mark of an answer away again. */
  giveBack(answer: Omit<CaptchaAnswer, 'expiresAtMs'>): Promise<void>;
  /** Deletes the marks whose time is up. */
  forgetExpired(): Promise<void>;
}

export interface CaptchaAnswer {
  readonly provider: string;
  readonly response: string;
  /** Milliseconds since the Unix epoch; not before the provider itself refuses the answer. */
  readonly expiresAtMs: number;
}

export function createCaptchaUses(database: Database, masterKey: MasterKey): CaptchaUses {
  const seal = createSeal(masterKey, 'captcha');
  const hashOf = ({ provider, response }: Omit<CaptchaAnswer, 'expiresAtMs'>) =>
    seal.fingerprint(JSON.stringify([provider, response]));
  return {
    claim({ expiresAtMs, ...answer }, nowMs) {
      const hash = hashOf(answer);
      const leftMs = Math.max(0, expiresAtMs - nowMs);
      return database.run(async (session) => {
        const { rows } = await sql`
          insert into guestpass.captcha_uses as u (hash, expires_at)
          values (${hash}, greatest(${new Date(expiresAtMs)}, clock_timestamp() + ${leftMs} * interval '1 millisecond'))
          on conflict (hash) do update set expires_at = excluded.expires_at where u.expires_at <= clock_timestamp()
          returning 1 as claimed`.execute(session);
        return rows.length === 1;
      });
    },
    async giveBack(answer) {
      await database.run((session) =>
        sql`delete from guestpass.captcha_uses where hash = ${hashOf(answer)}`.execute(session),
      );
    },
    async forgetExpired() {
      await database.run((session) =>
        sql`delete from guestpass.captcha_uses where expires_at <= clock_timestamp()`.execute(session),
      );
    },
  };
}

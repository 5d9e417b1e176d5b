import type { ErrorCode, Outcome } from 'guestpass';
import { sql } from 'kysely';
import type { Session } from '../database/connect.ts';
import { guestPrint, openKey, openPerson, type SealedPerson } from './personal.ts';
import type { RecordedConsent } from './recorded-consent.ts';
import type { Seal } from './seal.ts';
import type { AttemptRow, KeyedRow } from './stored-attempt.ts';

export interface AttemptQuery {
  /** Attempts at most, newest first. */
  readonly limit: number;
  /** The `number` of the last attempt of the page before. */
  readonly after?: number;
  readonly status?: 'intent' | Outcome;
  /** Why they were not admitted. */
  readonly code?: ErrorCode;
  readonly channelId?: string;
  readonly guestId?: string;
  /** Begun at this instant or later, in milliseconds since the Unix epoch. */
  readonly fromMs?: number;
  /** Begun before this instant. */
  readonly toMs?: number;
}

type Hidden = 'sealed_pass' | 'sealed_person' | 'guest_print' | 'owner' | 'lease_until' | 'forgotten_at';

/** An attempt as operators see it: everything but the guest pass and whose work it is; opened, until it is erased. */
export interface AttemptSummary extends Omit<AttemptRow, Hidden> {
  /** To what the guest consented, where there is a receipt of it. */
  readonly consent: RecordedConsent | null;
  /** True while there is something personal to erase. */
  readonly is_erasable: boolean;
}

export async function listAttempts(
  session: Session,
  query: AttemptQuery,
  master: Seal,
): Promise<readonly AttemptSummary[]> {
  const { limit, after, status, code, channelId, guestId, fromMs, toMs } = query;
  const rows = await summaries(session)
    .$if(after !== undefined, (rows) => rows.where('number', '<', after ?? 0))
    .$if(status !== undefined, (rows) => rows.where('status', '=', status ?? 'intent'))
    // An admitted attempt has no code; saying so lets the index of the others serve.
    .$if(code !== undefined, (rows) => rows.where('code', '=', code ?? 'aborted').where('status', '<>', 'admitted'))
    .$if(channelId !== undefined, (rows) => rows.where('channel_id', '=', channelId ?? ''))
    .$if(guestId !== undefined, (rows) => rows.where(isOf(guestId ?? '', master)))
    .$if(fromMs !== undefined, (rows) => rows.where('started_at', '>=', new Date(fromMs ?? 0)))
    .$if(toMs !== undefined, (rows) => rows.where('started_at', '<', new Date(toMs ?? 0)))
    .orderBy('number', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => opened(row, master));
}

export async function getAttempt(session: Session, id: string, master: Seal): Promise<AttemptSummary | undefined> {
  const row = await summaries(session).where('id', '=', id).executeTakeFirst();
  return row && opened(row, master);
}

/** Several at once, in no order; those that are not there are missing. */
export async function getAttempts(
  session: Session,
  ids: readonly string[],
  master: Seal,
): Promise<readonly AttemptSummary[]> {
  const rows = await summaries(session)
    .where('id', '=', sql<string>`any(${[...ids]}::text[])`)
    .execute();
  return rows.map((row) => opened(row, master));
}

/** The whole row, with the key of its guest. */
export async function findAttempt(session: Session, id: string): Promise<KeyedRow | undefined> {
  return await session
    .selectFrom('guestpass.attempts')
    .selectAll()
    .select(sealedKey)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** Intents whose lease has ended, oldest first: by the clock of the database, so that no clock of ours takes work from others. */
export async function listOrphans(session: Session): Promise<readonly AttemptRow[]> {
  return await session
    .selectFrom('guestpass.attempts')
    .selectAll()
    .where('status', '=', 'intent')
    .where('lease_until', '<=', sql<Date>`clock_timestamp()`)
    .orderBy('lease_until')
    .limit(1_000)
    .execute();
}

/** Gateways of before left guest ids in the clear. */
function isOf(guestId: string, master: Seal) {
  return sql<boolean>`(guest_print = ${guestPrint(guestId, master)} or guest_id = ${guestId})`;
}

const sealedKey = sql<Buffer | null>`(
  select k.sealed_key from guestpass.subject_keys k where k.attempt_id = guestpass.attempts.id)`.as('sealed_key');

function summaries(session: Session) {
  return session.selectFrom('guestpass.attempts').select(summaryColumns).select('sealed_person').select(sealedKey);
}

type SealedSummary = Omit<AttemptRow, Exclude<Hidden, 'sealed_person'>> & SealedPerson;

function opened(row: SealedSummary, master: Seal): AttemptSummary {
  const { sealed_person: _, sealed_key, ...told } = row;
  const { guestId, correlationId, detail, consent } = openPerson(row, master);
  return {
    ...told,
    guest_id: guestId ?? told.guest_id,
    correlation_id: correlationId ?? told.correlation_id,
    detail: detail ?? told.detail,
    consent: consent ?? null,
    is_erasable: openKey(row.id, sealed_key, master) !== undefined,
  };
}

const summaryColumns = [
  'id',
  'number',
  'status',
  'channel_id',
  'consent_timestamp',
  'consent_withdrawn_at',
  'captcha_provider',
  'captcha_verified',
  'captcha_score',
  'captcha_unavailable',
  'started_at',
  'settled_at',
  'guest_id',
  'stage',
  'code',
  'detail',
  'platform_status',
  'retry_after_ms',
  'latency_ms',
  'duration_ms',
  'stages',
  'retries',
  'status_codes',
  'correlation_id',
  'traceparent',
] as const;

import type { ErrorCode, Outcome } from 'guestpass';
import { sql } from 'kysely';
import type { Session } from '../database/connect.ts';
import type { AttemptRow } from './stored-attempt.ts';

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
}

/** An attempt as operators see it: everything but the guest pass and whose work it is. */
export type AttemptSummary = Omit<AttemptRow, 'sealed_pass' | 'owner' | 'lease_until' | 'forgotten_at'>;

export async function listAttempts(session: Session, query: AttemptQuery): Promise<readonly AttemptSummary[]> {
  const { limit, after, status, code, channelId, guestId } = query;
  return await session
    .selectFrom('guestpass.attempts')
    .select(summaryColumns)
    .$if(after !== undefined, (rows) => rows.where('number', '<', after ?? 0))
    .$if(status !== undefined, (rows) => rows.where('status', '=', status ?? 'intent'))
    // An admitted attempt has no code; saying so lets the index of the others serve.
    .$if(code !== undefined, (rows) => rows.where('code', '=', code ?? 'aborted').where('status', '<>', 'admitted'))
    .$if(channelId !== undefined, (rows) => rows.where('channel_id', '=', channelId ?? ''))
    .$if(guestId !== undefined, (rows) => rows.where('guest_id', '=', guestId ?? ''))
    .orderBy('number', 'desc')
    .limit(limit)
    .execute();
}

export async function getAttempt(session: Session, id: string): Promise<AttemptSummary | undefined> {
  return await session.selectFrom('guestpass.attempts').select(summaryColumns).where('id', '=', id).executeTakeFirst();
}

/** The whole row, sealed guest pass included. */
export async function findAttempt(session: Session, id: string): Promise<AttemptRow | undefined> {
  return await session.selectFrom('guestpass.attempts').selectAll().where('id', '=', id).executeTakeFirst();
}

/**
 * Intents whose lease has ended, oldest first. The database must think so too: a clock of ours that ran ahead takes no
 * work from others.
 */
export async function listOrphans(session: Session, nowMs: number): Promise<readonly AttemptRow[]> {
  return await session
    .selectFrom('guestpass.attempts')
    .selectAll()
    .where('status', '=', 'intent')
    .where('lease_until', '<=', new Date(nowMs))
    .where('lease_until', '<=', sql<Date>`now()`)
    .orderBy('lease_until')
    .limit(1_000)
    .execute();
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

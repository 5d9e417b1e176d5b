import type { GuestPayload } from 'guestpass';
import { canonicalJson } from 'guestpass/audit';
import { sql } from 'kysely';
import type { Work } from '../database/connect.ts';
import type { Seal } from './seal.ts';

/** A guest that asks to be let in. */
export interface Intent {
  readonly attemptId: string;
  readonly payload: GuestPayload;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  readonly idempotency?: Idempotency;
  /** Of the request that asks. */
  readonly traceparent?: string;
}

/** A request that may come more than once. */
export interface Idempotency {
  /** Who may use the key: one caller's keys say nothing to another. */
  readonly scope: string;
  readonly key: string;
}

export interface IntentTerms {
  readonly owner: string;
  readonly leaseMs: number;
  readonly keyRetentionMs: number;
  readonly seal: Seal;
}

/** What a key says of a request: nobody has it yet, or whose it is. */
export type Claim =
  | { readonly outcome: 'claimed' }
  | { readonly outcome: 'reused' }
  | { readonly outcome: 'known'; readonly attemptId: string };

interface Keyed {
  readonly intent: Intent;
  /** Hex. */
  readonly hash: string | null;
  readonly fingerprint: string | null;
}

/**
 * Decides for each intent whether this process works on it, and writes down those it does. Runs behind the lock of the
 * chain's head, so that no other process decides at the same time; the unique key would stop it if one did.
 */
export async function claimIntents(work: Work, intents: readonly Intent[], terms: IntentTerms): Promise<Claim[]> {
  const keyed = intents.map((intent) => keyOf(intent, terms.seal));
  const taken = await takenKeys(work, keyed);
  await dropExpired(work, keyed, taken);
  const claims = keyed.map((wanted): Claim => {
    const { hash, fingerprint, intent } = wanted;
    const holder = hash === null ? undefined : taken.get(hash);
    if (holder && holder.fingerprint === fingerprint) return { outcome: 'known', attemptId: holder.attemptId };
    if (holder) return { outcome: 'reused' };
    // Those behind it in this group find the key taken.
    if (hash !== null && fingerprint !== null) {
      taken.set(hash, { fingerprint, attemptId: intent.attemptId, isExpired: false });
    }
    return { outcome: 'claimed' };
  });
  await insertIntents(
    work,
    keyed.filter((_, index) => claims[index]?.outcome === 'claimed'),
    terms,
  );
  return claims;
}

interface Holder {
  readonly fingerprint: string;
  readonly attemptId: string;
  readonly isExpired: boolean;
}

function keyOf(intent: Intent, seal: Seal): Keyed {
  const { idempotency, payload } = intent;
  if (!idempotency) return { intent, hash: null, fingerprint: null };
  const { channelId, consent, attributes = {}, signIn } = payload;
  const asked = [channelId, consent, attributes, ...(signIn ? [signIn] : [])];
  return {
    intent,
    hash: seal.fingerprint(canonicalJson([idempotency.scope, idempotency.key])).toString('hex'),
    // Without the captcha, since an answer is good once; with the sign-in, since it says who the guest is. Keyed, because
    // consent and attributes could be guessed.
    fingerprint: seal.fingerprint(canonicalJson(asked)).toString('base64'),
  };
}

async function takenKeys(work: Work, keyed: readonly Keyed[]): Promise<Map<string, Holder>> {
  const hashes = keyed.flatMap(({ hash }) => hash ?? []);
  if (hashes.length === 0) return new Map();
  const { rows } = await sql<{ hash: string; fingerprint: string; attempt_id: string; expired: boolean }>`
    select encode(hash, 'hex') as hash, fingerprint, attempt_id, expires_at <= clock_timestamp() as expired
    from guestpass.idempotency_keys
    where hash = any(array(select decode(unnest(${hashes}::text[]), 'hex')))`.execute(work);
  return new Map(
    rows.map((row) => [row.hash, { fingerprint: row.fingerprint, attemptId: row.attempt_id, isExpired: row.expired }]),
  );
}

/** A key is good for a day by the database's clock; whoever comes later has it anew. */
async function dropExpired(work: Work, keyed: readonly Keyed[], taken: Map<string, Holder>): Promise<void> {
  const expired = keyed.flatMap(({ hash }) => (hash !== null && taken.get(hash)?.isExpired ? [hash] : []));
  if (expired.length === 0) return;
  for (const hash of expired) taken.delete(hash);
  await sql`
    delete from guestpass.idempotency_keys
    where hash = any(array(select decode(unnest(${expired}::text[]), 'hex')))`.execute(work);
}

async function insertIntents(work: Work, keyed: readonly Keyed[], terms: IntentTerms): Promise<void> {
  if (keyed.length === 0) return;
  const rows = keyed.map(({ intent, hash, fingerprint }) => ({ ...columnsOf(intent), hash, fingerprint }));
  await sql`
    with asked as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
        id text, channel_id text, consent_timestamp text, captcha_provider text,
        captcha_score double precision, started_at timestamptz, traceparent text, hash text, fingerprint text)
    ), attempts as (
      insert into guestpass.attempts (id, status, owner, lease_until, channel_id, consent_timestamp, captcha_provider,
        captcha_verified, captcha_score, started_at, traceparent)
      select id, 'intent', ${terms.owner}, ${inMs(terms.leaseMs)}, channel_id, consent_timestamp, captcha_provider,
        case when captcha_provider is not null then false end, captcha_score, started_at, traceparent
      from asked
    )
    insert into guestpass.idempotency_keys (hash, fingerprint, attempt_id, expires_at)
    select decode(hash, 'hex'), fingerprint, id, ${inMs(terms.keyRetentionMs)} from asked where hash is not null`.execute(
    work,
  );
}

/** An instant by the clock of the database, which all gateways share: one that is behind gives nothing away early. */
function inMs(spanMs: number) {
  return sql`clock_timestamp() + make_interval(secs => ${spanMs / 1_000})`;
}

function columnsOf({ attemptId, payload, nowMs, traceparent }: Intent) {
  return {
    id: attemptId,
    started_at: new Date(nowMs).toISOString(),
    channel_id: payload.channelId,
    consent_timestamp: payload.consent.timestamp,
    captcha_provider: payload.captcha?.provider ?? null,
    captcha_score: payload.captcha?.score ?? null,
    traceparent: traceparent ?? null,
  };
}

import { type Attempt, type Clock, systemClock } from 'guestpass';
import type { Database, Work } from '../database/connect.ts';
import type { OperatorEvent } from './chain.ts';
import { createClockSteps } from './clock-steps.ts';
import type { Entry } from './entry.ts';
import { deleteExpiredKeys, deletePasses } from './forget.ts';
import { createGroupCommit, type GroupCommit } from './group-commit.ts';
import type { Claim, Intent, IntentTerms } from './intents.ts';
import { type Kept, keepEntries } from './ledger.ts';
import {
  type AttemptQuery,
  type AttemptSummary,
  findAttempt,
  getAttempt,
  getAttempts,
  listAttempts,
  listOrphans,
} from './list-attempts.ts';
import type { NewDelivery } from './new-deliveries.ts';
import type { NewOutcome } from './new-outcome.ts';
import type { RecordedConsent } from './recorded-consent.ts';
import { attemptSeal, type MasterKey } from './seal.ts';
import { attemptOf, orphaned } from './stored-attempt.ts';
import type { Erasure } from './subjects.ts';
import type { Withdrawal } from './withdrawals.ts';

export interface AttemptStoreOptions {
  readonly database: Database;
  /** Seals session tokens and the keys of guests. */
  readonly masterKey: MasterKey;
  /** Names this process among those that share the database. */
  readonly owner: string;
  /** Hands new deliveries to the queue, in the transaction that writes them. Default: nobody is told. */
  readonly announce?: (work: Work, deliveries: readonly NewDelivery[]) => Promise<void>;
  /** Told once such a transaction is committed. Default: nobody is. */
  readonly announced?: () => void;
  /** How long an attempt may take before its process counts as gone, in milliseconds. Default 60,000. */
  readonly leaseMs?: number;
  /** How long an idempotency key is good, in milliseconds. Default 24 hours. */
  readonly keyRetentionMs?: number;
  /** Records that may wait before new ones are refused with `overloaded`. Default 5,000. */
  readonly longestQueue?: number;
  /** Tells how long records wait; when it is set back, that is put on record. Default the system's clock. */
  readonly clock?: Clock;
}

/**
 * `claimed`: this process works on it. `in_progress`: another request with the same key does. `replay`: that request
 * ended like this. `reused`: the key belongs to another payload.
 */
export type IntentOutcome =
  | { readonly outcome: 'claimed' }
  | { readonly outcome: 'in_progress'; readonly attemptId: string }
  | { readonly outcome: 'replay'; readonly attempt: Attempt }
  | { readonly outcome: 'reused' };

/** The durable record of every guest. All calls reject with `storage_unavailable` when the database is in trouble. */
export interface AttemptStore {
  /** Writes the intent and its audit record, unless its key is taken. Resolves once that is on the disk. */
  recordIntent(intent: Intent): Promise<IntentOutcome>;
  /**
   * Writes the outcome of an intent, its audit record, the deliveries that tell of it and their jobs, all or nothing.
   * Resolves with false when the attempt had an outcome already, as after its lease had ended: the first one counts.
   * `consent` goes into the audit record of a guest that was let in with a receipt.
   */
  recordOutcome(attempt: Attempt, nowMs: number, consent?: RecordedConsent): Promise<boolean>;
  /** Puts an event of the gateway's own into the audit log. */
  recordEvent(event: OperatorEvent, nowMs: number): Promise<void>;
  /**
   * Erases a guest: the key of all that is kept sealed, also in the audit log, and what stands outside of that. The
   * erasure is put on record and told like an outcome. Resolves with false when there is nothing (more) to erase.
   */
  eraseGuest(erasure: Erasure): Promise<boolean>;
  /** Puts on record that a consent was withdrawn, and tells it. Resolves with false when it was withdrawn before. */
  withdrawConsent(withdrawal: Withdrawal): Promise<boolean>;
  /** Gives intents whose lease has ended the outcome `unknown`, told like any other. Returns how many. */
  recoverOrphans(nowMs: number): Promise<number>;
  /** Forgets idempotency keys whose time is up, and the guest passes kept for them. */
  forgetExpired(nowMs: number): Promise<void>;
  list(query: AttemptQuery): Promise<readonly AttemptSummary[]>;
  get(id: string): Promise<AttemptSummary | undefined>;
  /** Several at once, in no order; those that are not there are missing. */
  getAll(ids: readonly string[]): Promise<readonly AttemptSummary[]>;
  /** Records waiting for the database. */
  readonly waiting: number;
  /** How long the first of them has waited, in milliseconds; 0 when none does. */
  readonly waitedMs: number;
  /** Refuses new records and waits for those under way. The database stays open. */
  [Symbol.asyncDispose](): Promise<void>;
}

export function createAttemptStore(options: AttemptStoreOptions): AttemptStore {
  const { database, announce = async () => {}, announced = () => {}, clock = systemClock } = options;
  const terms = termsOf(options);
  const steps = createClockSteps(clock);
  const group = createGroupCommit<Entry, Kept>({
    clock,
    commit: async (entries) => {
      const stepBack = steps.look();
      const told: readonly Entry[] = stepBack ? [{ kind: 'event', event: stepBack }] : [];
      let news = false;
      const announceNews: typeof announce = async (work, deliveries) => {
        news = true;
        await announce(work, deliveries);
      };
      const kept = await keepEntries([...told, ...entries], { database, terms, announce: announceNews });
      steps.kept();
      if (news) announced();
      return kept.slice(told.length);
    },
    ...(options.longestQueue !== undefined && { longestQueue: options.longestQueue }),
  });

  return {
    async recordIntent(intent) {
      const kept = await group.submit({ kind: 'intent', intent });
      return await answer(database, terms, kept.kind === 'intent' ? kept.claim : { outcome: 'reused' });
    },
    recordOutcome: (attempt, nowMs, consent) => settle(group, { attempt, nowMs, consent }),
    async recordEvent(event, nowMs) {
      await group.submit({ kind: 'event', event: { event, nowMs } });
    },
    async eraseGuest(erasure) {
      const kept = await group.submit({ kind: 'erasure', erasure });
      return kept.kind === 'erasure' && kept.done;
    },
    async withdrawConsent(withdrawal) {
      const kept = await group.submit({ kind: 'withdrawal', withdrawal });
      return kept.kind === 'withdrawal' && kept.done;
    },
    async recoverOrphans(nowMs) {
      const orphans = await database.run((session) => listOrphans(session));
      const recovered = await Promise.all(
        orphans.map((row) => settle(group, { attempt: orphaned(row, nowMs), nowMs })),
      );
      return recovered.filter((first) => first).length;
    },
    async forgetExpired(nowMs) {
      await database.run((session) => deleteExpiredKeys(session));
      await database.run((session) => deletePasses(session, nowMs - terms.keyRetentionMs));
    },
    list: (query) => database.run((session) => listAttempts(session, query, terms.seal)),
    get: (id) => database.run((session) => getAttempt(session, id, terms.seal)),
    getAll: (ids) => database.run((session) => getAttempts(session, ids, terms.seal)),
    get waiting() {
      return group.waiting;
    },
    get waitedMs() {
      return group.waitedMs;
    },
    [Symbol.asyncDispose]: () => group[Symbol.asyncDispose](),
  };
}

const dayMs = 86_400_000;

function termsOf({ masterKey, owner, leaseMs = 60_000, keyRetentionMs = dayMs }: AttemptStoreOptions): IntentTerms {
  return { owner, leaseMs, keyRetentionMs, seal: attemptSeal(masterKey) };
}

async function settle(group: GroupCommit<Entry, Kept>, outcome: NewOutcome): Promise<boolean> {
  const kept = await group.submit({ kind: 'outcome', outcome });
  return kept.kind === 'outcome' && kept.first;
}

async function answer(database: Database, { seal }: IntentTerms, claim: Claim): Promise<IntentOutcome> {
  if (claim.outcome !== 'known') return claim;
  const { attemptId } = claim;
  const row = await database.run((session) => findAttempt(session, attemptId));
  const attempt = row && attemptOf(row, seal);
  return attempt ? { outcome: 'replay', attempt } : { outcome: 'in_progress', attemptId };
}

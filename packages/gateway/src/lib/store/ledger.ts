import type { Database, Work } from '../database/connect.ts';
import { append, lockHead } from './chain.ts';
import type { Entry } from './entry.ts';
import { eventsOf, newsOf } from './entry-events.ts';
import { type Claim, claimIntents, type IntentTerms } from './intents.ts';
import { insertDeliveries, type NewDelivery } from './new-deliveries.ts';
import { settleAttempts } from './outcomes.ts';
import { eraseSubjects, sealGuestIds } from './subjects.ts';
import { withdrawConsents } from './withdrawals.ts';

/** What became of an entry: who works on an intent, or whether an outcome was the first of its attempt. */
export type Kept =
  | { readonly kind: 'intent'; readonly claim: Claim }
  | { readonly kind: 'outcome'; readonly first: boolean }
  | { readonly kind: 'event' }
  | { readonly kind: 'erasure'; readonly done: boolean }
  | { readonly kind: 'withdrawal'; readonly done: boolean; readonly guestId: string | null };

export interface LedgerOptions {
  readonly database: Database;
  readonly terms: IntentTerms;
  /** Hands deliveries to the queue inside the same transaction. */
  readonly announce: (work: Work, deliveries: readonly NewDelivery[]) => Promise<void>;
}

/**
 * Writes a group of entries in one transaction: attempts, their audit records in the order of the entries, the
 * deliveries that tell of them, and the jobs for these. All of it is kept, or none.
 */
export async function keepEntries(entries: readonly Entry[], options: LedgerOptions): Promise<readonly Kept[]> {
  const { database, terms, announce } = options;
  return await database.transaction(async (work) => {
    const head = await lockHead(work);
    const kept = await writeRows(work, entries, terms);
    const happened = entries.flatMap((entry, index) => happenedOrNot(entry, kept[index]));
    const recorded = happened.map(({ entry }) => entry);
    const sealed = await sealGuestIds(work, outcomesOf(recorded), terms.seal);
    const { events, counts } = eventsOf(recorded, head.counts, sealed);
    await append(work, { ...head, counts }, events);
    // Each entry leaves one record, in this order.
    const news = happened.flatMap((one, index) => newsOf(one.entry, head.sequence + 1 + index, one.guestId));
    const deliveries = await insertDeliveries(work, news);
    if (deliveries.length > 0) await announce(work, deliveries);
    return kept;
  });
}

/** Whom a withdrawal is about is read behind the lock: a guest that was erased meanwhile is not told of. */
function happenedOrNot(entry: Entry, kept: Kept | undefined) {
  return cameTrue(kept) ? [{ entry, guestId: kept?.kind === 'withdrawal' ? kept.guestId : null }] : [];
}

async function writeRows(work: Work, entries: readonly Entry[], terms: IntentTerms): Promise<readonly Kept[]> {
  const intents = entries.flatMap((entry) => (entry.kind === 'intent' ? [entry.intent] : []));
  const erasures = entries.flatMap((entry) => (entry.kind === 'erasure' ? [entry.erasure] : []));
  const claims = (await claimIntents(work, intents, terms)).values();
  const settled = await settleAttempts(work, outcomesOf(entries), terms.seal);
  const erased = await eraseSubjects(work, erasures);
  const withdrawals = entries.flatMap((entry) => (entry.kind === 'withdrawal' ? [entry.withdrawal] : []));
  const withdrawn = await withdrawConsents(work, withdrawals);
  return entries.map((entry): Kept => {
    if (entry.kind === 'intent') return { kind: 'intent', claim: claims.next().value ?? { outcome: 'reused' } };
    // Of several outcomes of one attempt in a group the first counts; so with erasures.
    if (entry.kind === 'outcome') return { kind: 'outcome', first: settled.delete(entry.outcome.attempt.id) };
    if (entry.kind === 'erasure') return { kind: 'erasure', done: erased.delete(entry.erasure.attemptId) };
    if (entry.kind === 'withdrawal') {
      const { attemptId } = entry.withdrawal;
      const guestId = withdrawn.get(attemptId) ?? null;
      return { kind: 'withdrawal', done: withdrawn.delete(attemptId), guestId };
    }
    return { kind: 'event' };
  });
}

function outcomesOf(entries: readonly Entry[]) {
  return entries.flatMap((entry) => (entry.kind === 'outcome' ? [entry.outcome] : []));
}

function cameTrue(kept: Kept | undefined): boolean {
  if (kept?.kind === 'intent') return kept.claim.outcome === 'claimed';
  if (kept?.kind === 'outcome') return kept.first;
  return kept?.kind === 'event' || kept?.done === true;
}

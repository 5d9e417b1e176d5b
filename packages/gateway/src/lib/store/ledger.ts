import type { Database, Work } from '../database/connect.ts';
import { append, lockHead } from './chain.ts';
import type { Entry } from './entry.ts';
import { type About, eventsOf, newsOf } from './entry-events.ts';
import { type Claim, claimIntents, type IntentTerms } from './intents.ts';
import { insertDeliveries, type NewDelivery } from './new-deliveries.ts';
import { settleAttempts } from './outcomes.ts';
import { type NewSubject, sealSubjects } from './personal.ts';
import { eraseSubjects, insertKeys } from './subjects.ts';
import { type WithdrawnFrom, withdrawConsents } from './withdrawals.ts';

/** What became of an entry: who works on an intent, or whether an outcome was the first of its attempt. */
export type Kept =
  | { readonly kind: 'intent'; readonly claim: Claim }
  | { readonly kind: 'outcome'; readonly first: boolean }
  | { readonly kind: 'event' }
  | { readonly kind: 'erasure'; readonly done: boolean }
  | { readonly kind: 'withdrawal'; readonly done: boolean; readonly from: WithdrawnFrom };

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
    const subjects = sealSubjects(outcomesOf(entries), terms.seal);
    const kept = await writeRows(work, entries, { ...terms, subjects });
    const happened = entries.flatMap((entry, index) => happenedOrNot(entry, kept[index], subjects));
    const recorded = happened.map(({ entry }) => entry);
    const { events, counts } = eventsOf(recorded, head.counts, subjects);
    await append(work, { ...head, counts }, events);
    // Each entry leaves one record, in this order.
    const news = happened.flatMap(({ entry, about }, index) => newsOf(entry, head.sequence + 1 + index, about));
    const deliveries = await insertDeliveries(work, news);
    if (deliveries.length > 0) await announce(work, deliveries);
    return kept;
  });
}

type Subjects = ReadonlyMap<string, NewSubject>;

function happenedOrNot(entry: Entry, kept: Kept | undefined, subjects: Subjects) {
  return cameTrue(kept) ? [{ entry, about: aboutWhom(entry, kept, subjects) }] : [];
}

/** Whom a withdrawal is about is read behind the lock: a guest that was erased meanwhile is not told of. */
function aboutWhom(entry: Entry, kept: Kept | undefined, subjects: Subjects): About {
  if (kept?.kind === 'withdrawal') return kept.from;
  const subject = entry.kind === 'outcome' ? subjects.get(entry.outcome.attempt.id) : undefined;
  return subject ? { seal: subject.seal } : {};
}

async function writeRows(
  work: Work,
  entries: readonly Entry[],
  terms: IntentTerms & { readonly subjects: Subjects },
): Promise<readonly Kept[]> {
  const intents = entries.flatMap((entry) => (entry.kind === 'intent' ? [entry.intent] : []));
  const erasures = entries.flatMap((entry) => (entry.kind === 'erasure' ? [entry.erasure] : []));
  const claims = (await claimIntents(work, intents, terms)).values();
  const settled = await settleAttempts(work, outcomesOf(entries), terms);
  const erased = await eraseSubjects(work, erasures);
  // Behind the erasures: whoever is let in here was not there to be erased.
  await insertKeys(
    work,
    [...terms.subjects.values()].filter(({ attemptId }) => settled.has(attemptId)),
  );
  const withdrawals = entries.flatMap((entry) => (entry.kind === 'withdrawal' ? [entry.withdrawal] : []));
  const withdrawn = await withdrawConsents(work, withdrawals, terms.seal);
  return entries.map((entry): Kept => {
    if (entry.kind === 'intent') return { kind: 'intent', claim: claims.next().value ?? { outcome: 'reused' } };
    // Of several outcomes of one attempt in a group the first counts; so with erasures.
    if (entry.kind === 'outcome') return { kind: 'outcome', first: settled.delete(entry.outcome.attempt.id) };
    if (entry.kind === 'erasure') return { kind: 'erasure', done: erased.delete(entry.erasure.attemptId) };
    if (entry.kind === 'withdrawal') {
      const { attemptId } = entry.withdrawal;
      const from = withdrawn.get(attemptId) ?? {};
      return { kind: 'withdrawal', done: withdrawn.delete(attemptId), from };
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

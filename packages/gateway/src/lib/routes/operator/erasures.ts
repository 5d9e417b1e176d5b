import type { Clock } from 'guestpass';
import type { Refusal } from '../../http/refusal.ts';
import { eraseGuest } from '../../openapi/erasures.ts';
import type { AttemptStore } from '../../store/attempts.ts';
import type { DeliveryStore } from '../../store/deliveries.ts';
import type { AttemptSummary } from '../../store/list-attempts.ts';
import type { Journal } from './journal.ts';
import { invalid, type OperatorRoute, route } from './route.ts';

export interface ErasureRoutesOptions {
  readonly attempts: Pick<AttemptStore, 'list' | 'get' | 'eraseGuest'>;
  readonly deliveries: Pick<DeliveryStore, 'list'>;
  readonly journal: Journal;
  readonly clock: Clock;
}

export function createErasureRoutes(options: ErasureRoutesOptions): readonly OperatorRoute[] {
  const { attempts, journal, clock } = options;
  return [
    route(eraseGuest, async ({ body, ...caller }) => {
      const { dryRun, reason = '' } = body;
      const subjects = await findSubjects(attempts, body);
      if (subjects.length === 0) return subjectNotFound;
      // The reason outlives the guest.
      if (subjects.some(({ guest_id }) => guest_id !== null && reason.includes(guest_id))) return tellingReason;
      const attemptIds = subjects.map(({ id }) => id);
      const deliveries = await countBodies(options, attemptIds);
      if (dryRun) return Response.json({ dryRun, attemptIds, deliveries });
      await journal(caller, { eventType: 'OPERATOR_ERASURE', reason, attemptIds });
      const nowMs = clock.now();
      const erased = await Promise.all(
        attemptIds.map((attemptId) => attempts.eraseGuest({ attemptId, basis: reason, nowMs })),
      );
      if (!erased.includes(true)) return subjectNotFound;
      return Response.json({ dryRun, attemptIds: attemptIds.filter((_, index) => erased[index]), deliveries });
    }),
  ];
}

const subjectNotFound: Refusal = {
  code: 'subject_not_found',
  detail: 'No guest that was let in, and is not erased yet, has this id.',
};

const tellingReason = invalid([{ pointer: '/reason', detail: 'must not name the guest' }]);

interface Subject {
  readonly guestId?: string | undefined;
  readonly attemptId?: string | undefined;
}

/** Attempts that still have a guest. One guest is let in by few attempts, so that one page holds them all. */
async function findSubjects(attempts: ErasureRoutesOptions['attempts'], { guestId, attemptId }: Subject) {
  if (guestId !== undefined) return await attempts.list({ guestId, limit: 1_000 });
  const attempt = attemptId === undefined ? undefined : await attempts.get(attemptId);
  return attempt && hasGuest(attempt) ? [attempt] : [];
}

function hasGuest({ guest_id }: AttemptSummary): boolean {
  return guest_id !== null;
}

async function countBodies({ deliveries }: ErasureRoutesOptions, attemptIds: readonly string[]): Promise<number> {
  const counts = await Promise.all(
    attemptIds.map(async (attemptId) => (await deliveries.list({ attemptId, limit: 1_000 })).length),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

import type { Clock } from 'guestpass';
import type { Refusal } from '../../http/refusal.ts';
import { eraseGuest } from '../../openapi/erasures.ts';
import type { AttemptStore } from '../../store/attempts.ts';
import type { DeliveryStore } from '../../store/deliveries.ts';
import type { HoldStore } from '../../store/holds.ts';
import type { AttemptSummary } from '../../store/list-attempts.ts';
import type { Journal } from './journal.ts';
import { type OperatorRoute, route } from './route.ts';
import { findSubjects, namesGuest, subjectNotFound, tellingReason } from './subjects.ts';

export interface ErasureRoutesOptions {
  readonly attempts: Pick<AttemptStore, 'list' | 'get' | 'eraseGuest'>;
  readonly deliveries: Pick<DeliveryStore, 'list'>;
  readonly holds: Pick<HoldStore, 'held'>;
  readonly journal: Journal;
  readonly clock: Clock;
}

export function createErasureRoutes(options: ErasureRoutesOptions): readonly OperatorRoute[] {
  const { attempts, holds, journal, clock } = options;
  return [
    route(eraseGuest, async ({ body, ...caller }) => {
      const { dryRun, reason = '' } = body;
      const subjects = (await findSubjects(attempts, body)).filter(isErasable);
      if (subjects.length === 0) return subjectNotFound;
      if (namesGuest(subjects, reason)) return tellingReason;
      const attemptIds = subjects.map(({ id }) => id);
      if ((await holds.held(attemptIds)).length > 0) return onHold;
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

const onHold: Refusal = {
  code: 'subject_on_hold',
  detail: 'The guest is on hold for a legal matter.',
};

function isErasable({ is_erasable }: AttemptSummary): boolean {
  return is_erasable;
}

async function countBodies({ deliveries }: ErasureRoutesOptions, attemptIds: readonly string[]): Promise<number> {
  const counts = await Promise.all(
    attemptIds.map(async (attemptId) => (await deliveries.list({ attemptId, limit: 1_000 })).length),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

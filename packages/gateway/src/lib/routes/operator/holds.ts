import type { Clock } from 'guestpass';
import { type HoldView, liftHold, listHolds, placeHold } from '../../openapi/holds.ts';
import type { AttemptStore } from '../../store/attempts.ts';
import type { Hold, HoldStore } from '../../store/holds.ts';
import type { Journal } from './journal.ts';
import { pageOf, pageQuery } from './page.ts';
import { type OperatorRoute, route } from './route.ts';
import { findSubjects, namesGuest, subjectNotFound, tellingReason } from './subjects.ts';

export interface HoldRoutesOptions {
  readonly attempts: Pick<AttemptStore, 'list' | 'get'>;
  readonly holds: HoldStore;
  readonly journal: Journal;
  readonly clock: Clock;
}

export function createHoldRoutes({ attempts, holds, journal, clock }: HoldRoutesOptions): readonly OperatorRoute[] {
  return [
    route(listHolds, async ({ query }) => {
      const rows = await holds.list(pageQuery(query));
      return Response.json(pageOf(rows, query, { view: viewOf, cursor: ({ number }) => number }));
    }),
    route(placeHold, async ({ body, ...caller }) => {
      const { matter, reason } = body;
      const subjects = await findSubjects(attempts, body);
      if (subjects.length === 0) return subjectNotFound;
      if (namesGuest(subjects, `${matter} ${reason}`)) return tellingReason;
      const attemptIds = subjects.map(({ id }) => id);
      await journal(caller, { eventType: 'OPERATOR_HOLD_PLACED', matter, reason, attemptIds });
      await holds.place({ attemptIds, matter, reason, nowMs: clock.now() });
      return Response.json({ attemptIds });
    }),
    route(liftHold, async ({ body, ...caller }) => {
      const { matter, reason } = body;
      const subjects = await findSubjects(attempts, body);
      if (namesGuest(subjects, reason)) return tellingReason;
      const known = subjects.map(({ id }) => id);
      const attemptIds = await holds.held(known, matter);
      if (attemptIds.length === 0) return subjectNotFound;
      await journal(caller, { eventType: 'OPERATOR_HOLD_LIFTED', matter, reason, attemptIds });
      return Response.json({ attemptIds: await holds.lift(attemptIds, matter) });
    }),
  ];
}

function viewOf({ attempt_id, matter, reason, placed_at }: Hold): HoldView {
  return { attemptId: attempt_id, matter, reason, placedAt: placed_at.toISOString() };
}

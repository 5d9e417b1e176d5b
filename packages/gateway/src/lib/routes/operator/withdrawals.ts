import type { Clock } from 'guestpass';
import { withdrawConsent } from '../../openapi/withdrawals.ts';
import type { AttemptStore } from '../../store/attempts.ts';
import type { Journal } from './journal.ts';
import { type OperatorRoute, route } from './route.ts';
import { findSubjects, namesGuest, subjectNotFound, tellingReason } from './subjects.ts';

export interface WithdrawalRoutesOptions {
  readonly attempts: Pick<AttemptStore, 'list' | 'get' | 'withdrawConsent'>;
  readonly journal: Journal;
  readonly clock: Clock;
}

export function createWithdrawalRoutes(options: WithdrawalRoutesOptions): readonly OperatorRoute[] {
  const { attempts, journal, clock } = options;
  return [
    route(withdrawConsent, async ({ body, ...caller }) => {
      const { reason } = body;
      const subjects = (await findSubjects(attempts, body)).filter(
        ({ consent_timestamp }) => consent_timestamp !== null,
      );
      if (subjects.length === 0) return subjectNotFound;
      if (namesGuest(subjects, reason)) return tellingReason;
      const attemptIds = subjects.map(({ id }) => id);
      await journal(caller, { eventType: 'OPERATOR_CONSENT_WITHDRAWAL', reason, attemptIds });
      const nowMs = clock.now();
      const withdrawn = await Promise.all(
        attemptIds.map((attemptId) => attempts.withdrawConsent({ attemptId, basis: reason, nowMs })),
      );
      return Response.json({ attemptIds: attemptIds.filter((_, index) => withdrawn[index]) });
    }),
  ];
}

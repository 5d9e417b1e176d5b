import type { Refusal } from '../../http/refusal.ts';
import type { AttemptStore } from '../../store/attempts.ts';
import type { AttemptSummary } from '../../store/list-attempts.ts';
import { invalid } from './route.ts';

/** Whom an operator means: every attempt that let a guest in, or one attempt. */
export interface Subject {
  readonly guestId?: string | undefined;
  readonly attemptId?: string | undefined;
}

/** The attempts that are meant. One guest is let in by few attempts, so that one page holds them all. */
export async function findSubjects(
  attempts: Pick<AttemptStore, 'list' | 'get'>,
  { guestId, attemptId }: Subject,
): Promise<readonly AttemptSummary[]> {
  if (guestId !== undefined) return await attempts.list({ guestId, limit: 1_000 });
  const attempt = attemptId === undefined ? undefined : await attempts.get(attemptId);
  return attempt ? [attempt] : [];
}

/** True when words that stay on record for good name the guest, who may be erased. */
export function namesGuest(subjects: readonly AttemptSummary[], words: string): boolean {
  const named = subjects.flatMap(({ guest_id, correlation_id }) => [guest_id ?? [], correlation_id ?? []].flat());
  return named.some((name) => words.includes(name));
}

export const subjectNotFound: Refusal = {
  code: 'subject_not_found',
  detail: 'Nobody who is known, and not erased yet, has this id.',
};

export const tellingReason: Refusal = invalid([{ pointer: '/reason', detail: 'must not name the guest' }]);

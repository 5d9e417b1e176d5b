import { type Attempt, GuestpassError } from 'guestpass';

/** Why, for an attempt whose outcome the storage does not take. */
export const notKept = 'The outcome could not be recorded; the guest may exist.';

/** The attempt as `unknown`: a guest pass that no record tells of is not handed over. */
export function inDoubt(attempt: Attempt, detail: string, cause?: GuestpassError): Attempt {
  const { id, channelId, consentTimestamp, captcha, startedAt, latencyMs, durationMs, stages, retries } = attempt;
  const { statusCodes, correlationId } = attempt;
  return {
    outcome: 'unknown',
    stage: 'audit',
    error: new GuestpassError('outcome_unknown', detail, { attemptId: id, ...(cause && { cause }) }),
    id,
    channelId,
    consentTimestamp,
    captcha,
    startedAt,
    latencyMs,
    durationMs,
    stages,
    retries,
    statusCodes,
    correlationId,
  };
}

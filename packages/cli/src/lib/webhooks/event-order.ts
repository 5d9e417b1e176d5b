const attemptsRemembered = 1_000;

/** Tells whether an event comes behind a later one about the same attempt, by the `sequence` they carry. */
export function createEventOrder(): (payload: unknown) => boolean {
  const latest = new Map<string, number>();
  return (payload) => {
    // A cast, because whoever holds the secret may sign anything, and each field may be missing.
    const { data } = (payload ?? {}) as {
      readonly data?: { readonly attemptId?: unknown; readonly sequence?: unknown };
    };
    const { attemptId, sequence } = data ?? {};
    if (typeof attemptId !== 'string' || typeof sequence !== 'number') return false;
    const before = latest.get(attemptId) ?? sequence;
    latest.set(attemptId, Math.max(before, sequence));
    if (latest.size > attemptsRemembered) latest.delete(latest.keys().next().value ?? attemptId);
    return sequence < before;
  };
}

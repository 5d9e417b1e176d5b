import { randomUUID } from 'node:crypto';
import type { AttemptStore } from '@guestpass/gateway';
import { payload } from '../payload.ts';

/** Puts on record that a guest was let in, and resolves with the attempt once that is on the disk. */
export async function letIn(attempts: AttemptStore): Promise<string> {
  const id = `att_${randomUUID()}`;
  const { channelId } = payload;
  await attempts.recordIntent({ attemptId: id, payload, nowMs: Date.now() });
  const guestPass = { guestId: randomUUID(), channelId, sessionToken: randomUUID(), expiresAt: null, connect: null };
  const facts = {
    id,
    channelId,
    consentTimestamp: payload.consent.timestamp,
    captcha: { provider: payload.captcha.provider, verified: false, score: payload.captcha.score },
    startedAt: new Date().toISOString(),
    latencyMs: 1,
    durationMs: 2,
    stages: { payload: 0.1, guest: 1 },
    retries: 0,
    statusCodes: [201],
    correlationId: null,
  };
  await attempts.recordOutcome({ outcome: 'admitted', guestPass, ...facts }, Date.now());
  return id;
}

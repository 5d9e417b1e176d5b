import { randomUUID } from 'node:crypto';
import { generateWebhookSecret, signWebhook } from 'guestpass/webhook';
import { Pool } from 'undici';

/** The yardstick: a loop that signs and posts, and keeps nothing. */
export function createLoop(receiver: string) {
  const { origin, pathname } = new URL(receiver);
  const connections = 4;
  const pool = new Pool(origin, { connections });
  const secrets = [generateWebhookSecret()];
  const data = { attemptId: `att_${randomUUID()}`, channelId: 'demo', guestId: randomUUID(), latencyMs: 12.34 };
  const body = Buffer.from(JSON.stringify({ type: 'guest.authenticated', timestamp: new Date().toISOString(), data }));
  return {
    async send(messages: number): Promise<void> {
      let left = messages;
      const sender = async () => {
        while (left > 0) {
          left -= 1;
          const signed = signWebhook({ id: `evt_${randomUUID()}`, body }, { secrets, nowMs: Date.now() });
          const headers = { 'content-type': 'application/json', ...signed };
          const answer = await pool.request({ path: pathname, method: 'POST', headers, body });
          await answer.body.dump();
        }
      };
      await Promise.all(Array.from({ length: connections }, sender));
    },
    close: () => pool.close(),
  };
}

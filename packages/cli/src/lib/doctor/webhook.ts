import { randomUUID } from 'node:crypto';
import type { GatewayConfig } from '@guestpass/gateway/config';
import type { Clock } from 'guestpass';
import { type Delivery, deliverWebhook, generateWebhookSecret, guardedExchange } from 'guestpass/webhook';
import { type Check, type Finding, ok, problem, skipped, warning } from './check.ts';

/** Does the receiver take what is signed with the secret, and nothing else? Sends two test events, when asked. */
export function webhookCheck(
  { webhook, receivers }: Pick<GatewayConfig, 'webhook' | 'receivers'>,
  { asked, clock }: { readonly asked: boolean; readonly clock: Clock },
): Check {
  const name = 'webhook';
  if (!webhook) return { name, look: async () => skipped('no receiver is configured') };
  if (!asked) return { name, look: async () => skipped('--webhook sends the receiver two test events') };
  const { url, secret } = webhook;
  return {
    name,
    limitMs: 10_000,
    look: async (signal) => {
      const network = guardedExchange(receivers);
      const { exchange } = network;
      try {
        const send = (key: string) =>
          deliverWebhook(testEvent(url, clock), { exchange, clock, secrets: [key], deadlineMs: 4_000, signal });
        const good = await send(secret);
        return good.result === 'delivered' ? tell(await send(generateWebhookSecret())) : refused(good);
      } finally {
        await network.close();
      }
    },
  };
}

/** Tells of nobody. */
function testEvent(endpoint: string, clock: Clock) {
  const body = JSON.stringify({ type: 'guestpass.test', timestamp: new Date(clock.now()).toISOString(), data: {} });
  return { endpoint, id: `msg_${randomUUID()}`, body };
}

function refused({ status, failure }: Delivery): Finding {
  return problem(
    `The receiver does not take a test event (${failure ?? status}).`,
    status === undefined
      ? 'Check its address, and GUESTPASS_WEBHOOK_NETWORKS when that is not public.'
      : 'Check that it has the secret of GUESTPASS_WEBHOOK_SECRET, and reads the body before parsing it.',
  );
}

function tell(forged: Delivery): Finding {
  if (forged.result !== 'delivered') return ok('takes what is signed, and refuses a wrong signature');
  return warning('The receiver takes a wrong signature.', 'Let it verify signatures: anybody could tell it anything.');
}

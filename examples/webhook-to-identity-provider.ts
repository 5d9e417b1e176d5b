// Tells an identity provider about each guest, signed, and off the guest's path.
// Run: node --conditions=guestpass-source examples/webhook-to-identity-provider.ts
import assert from 'node:assert/strict';
import { createSimulator } from '@guestpass/simulator';
import { createGuestpass } from 'guestpass';
import { generateWebhookSecret, type SettledNotice, webhookSender } from 'guestpass/webhook';

const secret = generateWebhookSecret();

// The simulator plays the identity provider too: it verifies the signature and keeps the identities it is told of.
await using simulator = createSimulator({ webhookSecret: secret });
const { url } = await simulator.listen();
// The first delivery meets a receiver in trouble.
simulator.faults.add({ operation: 'idp', status: 503 });

const settled = Promise.withResolvers<SettledNotice>();
const webhooks = webhookSender({
  url: `${url}/_idp/webhooks`,
  secrets: [secret],
  schedule: [0, 1000],
  onSettled: settled.resolve,
  // Loopback and http are refused unless allowed; a real receiver needs none of these three.
  allowHttp: true,
  allowCidrs: ['127.0.0.0/8'],
  ports: 'any',
});

const guestpass = createGuestpass({
  environment: url,
  clientId: 'sim-client',
  clientSecret: 'sim-secret',
  onGuest: webhooks.send,
});

const { guestId, sessionToken } = await guestpass.authenticate({
  channelId: 'demo',
  consent: { accepted: true, timestamp: new Date().toISOString() },
});
console.log(`The guest ${guestId} is in; the identity provider is told meanwhile.`);

const { outcome, attempts } = await settled.promise;
await guestpass.close();
await webhooks[Symbol.asyncDispose]();

assert.deepEqual({ outcome, attempts }, { outcome: 'delivered', attempts: 2 });
const known = await (await fetch(`${url}/_idp/identities`)).text();
assert.ok(known.includes(guestId));
assert.ok(!known.includes(sessionToken), 'a session token never goes into a webhook');
console.log(`Delivered on attempt ${attempts}: ${known}`);

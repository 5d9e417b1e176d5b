// Lets one guest in and reads what became of it. Run: node --conditions=guestpass-source examples/quick-start.ts
import assert from 'node:assert/strict';
import { createSimulator } from '@guestpass/simulator';
import { createGuestpass } from 'guestpass';

// A Genesys Cloud of our own, so that the example needs no account.
await using simulator = createSimulator();
const { url } = await simulator.listen();

await using guestpass = createGuestpass({ environment: url, clientId: 'sim-client', clientSecret: 'sim-secret' });

const attempt = await guestpass.attempt({
  channelId: 'demo',
  consent: { accepted: true, timestamp: new Date().toISOString() },
  captcha: { provider: 'recaptcha', response: 'answer-of-the-visitor', score: 0.9 },
  attributes: { page: '/pricing' },
});

assert.equal(attempt.outcome, 'admitted');
const { guestId, sessionToken, expiresAt } = attempt.guestPass;
assert.ok(sessionToken.length > 20, 'the session token is for the guest alone');
console.log(`Guest ${guestId} is in until ${expiresAt}; the platform took ${attempt.latencyMs} ms.`);
console.log(`Current success rate: ${guestpass.stats().successRate}%`);

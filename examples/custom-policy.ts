// Who may come in: fresh consent, known channels, a captcha that its provider confirms, and a rule of our own.
// Run: node --conditions=guestpass-source examples/custom-policy.ts
import assert from 'node:assert/strict';
import { createSimulator } from '@guestpass/simulator';
import { type Attempt, systemClock as clock, createGuestpass } from 'guestpass';
import { memoryCaptchaUses, recaptchaVerifier, withSingleUse } from 'guestpass/captcha';
import { fetchExchange } from 'guestpass/http';

await using simulator = createSimulator();
const { url } = await simulator.listen();

const recaptcha = recaptchaVerifier({
  secret: 'sim-captcha-secret',
  exchange: fetchExchange(),
  // The simulator plays the provider too; leave `url` out to ask the real one.
  url: `${url}/captcha/recaptcha/siteverify`,
  hostnames: ['localhost'],
});

await using guestpass = createGuestpass({
  environment: url,
  clientId: 'sim-client',
  clientSecret: 'sim-secret',
  policy: {
    consent: { maxAgeMs: 15 * 60_000, maxSkewMs: 60_000 },
    allowedChannels: ['demo'],
    captcha: {
      mode: 'verified',
      threshold: 0.7,
      verifiers: { recaptcha: withSingleUse(recaptcha, { uses: memoryCaptchaUses({ clock }), clock }) },
    },
  },
});

const accepted = () => ({ accepted: true, timestamp: new Date().toISOString() });
const answer = (response: string) => ({ provider: 'recaptcha', response });

/** A rule of our own stands before the call: nothing is sent for a guest it turns away. */
async function letIn(payload: { readonly attributes?: { readonly page?: string } }): Promise<Attempt | 'not here'> {
  return payload.attributes?.page?.startsWith('/intranet') ? 'not here' : guestpass.attempt(payload);
}

const told = async (payload: object) => {
  const attempt = await letIn(payload);
  if (attempt === 'not here') return attempt;
  return attempt.outcome === 'admitted' ? 'admitted' : attempt.error.code;
};

const guest = { channelId: 'demo', consent: accepted(), captcha: answer('ok.1') };
const old = { accepted: true, timestamp: '2024-01-15T10:30:00Z' };
const results = {
  'everything in order': await told(guest),
  'the same captcha answer again': await told(guest),
  'a robot': await told({ ...guest, captcha: answer('low-score.1') }),
  'a captcha made up': await told({ ...guest, captcha: answer('made-up') }),
  'no captcha': await told({ channelId: 'demo', consent: accepted() }),
  'consent of long ago': await told({ ...guest, consent: old, captcha: answer('ok.2') }),
  'another channel': await told({ ...guest, channelId: 'your-channel-id', captcha: answer('ok.3') }),
  'a page for staff': await told({ ...guest, captcha: answer('ok.4'), attributes: { page: '/intranet/wiki' } }),
};

for (const [guestOf, result] of Object.entries(results)) console.log(`${guestOf.padEnd(30)} ${result}`);
assert.deepEqual(Object.values(results), [
  'admitted',
  'captcha_reused',
  'captcha_score_too_low',
  'captcha_rejected',
  'captcha_required',
  'consent_timestamp_stale',
  'channel_not_allowed',
  'not here',
]);
assert.equal(simulator.stats().guestsCreated, 1);

import { solveChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';
import { GuestpassError } from 'guestpass';
import { memoryCaptchaUses } from 'guestpass/captcha';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { type Altcha, type AltchaOptions, createAltcha } from './altcha.ts';

const secret = 'canary-secret-of-32-characters-or-more';

/** The library looks at the machine's clock too. */
const clockNow = () => manualClock(Date.now());

const open = (more: Partial<AltchaOptions> = {}) => {
  const clock = clockNow();
  const easy = { cost: 20, guesses: { fewest: 3, most: 9 } };
  return { clock, altcha: createAltcha({ secret, uses: memoryCaptchaUses({ clock }), clock, ...easy, ...more }) };
};

/** What the widget in the browser does. */
const solve = async (altcha: Altcha) => {
  const challenge = await altcha.challenge();
  const solution = await solveChallenge({ challenge, deriveKey });
  if (!solution) throw new Error('The challenge was not solved.');
  return { challenge, solution };
};

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
const verify = (altcha: Altcha, value: unknown) => altcha.verify({ response: encode(value) }, {});

const passed = { verdict: 'passed', score: null };
const invalid = { verdict: 'rejected', reason: 'invalid' };
const malformed = { verdict: 'rejected', reason: 'malformed' };

test('a solved challenge passes, and fits into a payload', async () => {
  const { altcha } = open();
  const response = encode(await solve(altcha));
  expect(response.length).toBeLessThan(2048);
  expect(await altcha.verify({ response }, {})).toEqual(passed);
});

test('each challenge is another, and none tells a secret', async () => {
  const { altcha } = open();
  const [one, other] = await Promise.all([altcha.challenge(), altcha.challenge()]);
  expect(one.parameters.nonce).not.toBe(other.parameters.nonce);
  expect(JSON.stringify([one, other])).not.toContain('canary');
});

test('of a hundred presented at once one passes', async () => {
  const { altcha } = open();
  const solved = await solve(altcha);
  const verdicts = await Promise.all(Array.from({ length: 100 }, () => verify(altcha, solved)));
  expect(verdicts.filter(({ verdict }) => verdict === 'passed')).toHaveLength(1);
  expect(verdicts.filter(({ verdict }) => verdict === 'reused')).toHaveLength(99);
});

test('the same solution in other words is the same', async () => {
  const { altcha } = open();
  const { challenge, solution } = await solve(altcha);
  expect(await verify(altcha, { challenge, solution })).toEqual(passed);
  const reworded = [
    { solution, challenge },
    { challenge, solution: { ...solution, time: 1 } },
    { challenge, solution: { ...solution, counter: solution.counter + 1 } },
    { challenge: { ...challenge, note: 'x' }, solution, took: 1 },
  ];
  const verdicts = await Promise.all(reworded.map((value) => verify(altcha, value)));
  expect(verdicts).toEqual(reworded.map(() => ({ verdict: 'reused' })));
  const spaced = Buffer.from(JSON.stringify({ challenge, solution }, null, 1)).toString('base64url');
  expect(await altcha.verify({ response: spaced }, {})).toEqual({ verdict: 'reused' });
});

test('a challenge made easier, prolonged or signed by another is no good', async () => {
  const { altcha } = open();
  const { challenge, solution } = await solve(altcha);
  const { parameters } = challenge;
  const forged = [
    { ...parameters, cost: 1 },
    { ...parameters, keyPrefix: '00' },
    { ...parameters, expiresAt: Number(parameters.expiresAt) + 600 },
    { ...parameters, nonce: '00'.repeat(16) },
    { ...parameters, keySignature: '00'.repeat(32) },
  ];
  const verdicts = await Promise.all(
    forged.map((changed) => verify(altcha, { challenge: { ...challenge, parameters: changed }, solution })),
  );
  expect(verdicts).toEqual(forged.map(() => invalid));
  const stranger = open({ secret: 'another-secret-of-32-characters-or-more' }).altcha;
  expect(await verify(altcha, await solve(stranger))).toEqual(invalid);
  expect(await verify(altcha, { challenge, solution: { ...solution, derivedKey: '00'.repeat(32) } })).toEqual(invalid);
  // Nothing of that used the challenge up.
  expect(await verify(altcha, { challenge, solution })).toEqual(passed);
});

test('gateways with one secret and one memory verify for each other, once', async () => {
  const clock = clockNow();
  const uses = memoryCaptchaUses({ clock });
  const [one, other] = [open({ uses, clock }).altcha, open({ uses, clock }).altcha];
  const solved = await solve(one);
  expect(await verify(other, solved)).toEqual(passed);
  expect(await verify(one, solved)).toEqual({ verdict: 'reused' });
});

test('a challenge is over after its time', async () => {
  const { altcha, clock } = open({ lifetimeMs: 60_000 });
  const [early, late] = [await solve(altcha), await solve(altcha)];
  await clock.advance(58_000);
  expect(await verify(altcha, early)).toEqual(passed);
  await clock.advance(2_000);
  expect(await verify(altcha, late)).toEqual({ verdict: 'rejected', reason: 'expired' });
});

test('what is no solution is refused, whatever it is', async () => {
  const { altcha } = open();
  const { challenge, solution } = await solve(altcha);
  const { keySignature, ...unsigned } = challenge.parameters;
  expect(keySignature).toMatch(/^[0-9a-f]{64}$/);
  const values = [
    null,
    7,
    [],
    {},
    { challenge },
    { solution },
    { challenge: { ...challenge, signature: undefined }, solution },
    { challenge: { ...challenge, parameters: unsigned }, solution },
    { challenge: { ...challenge, parameters: { ...challenge.parameters, expiresAt: undefined } }, solution },
    { challenge: { ...challenge, parameters: { ...challenge.parameters, algorithm: 'SHA-256' } }, solution },
    { challenge: { ...challenge, parameters: { ...challenge.parameters, keyLength: 1e9 } }, solution },
    { challenge: { ...challenge, parameters: { ...challenge.parameters, data: { a: 1 } } }, solution },
    { challenge, solution: { ...solution, derivedKey: 'zz' } },
    { challenge, solution: { ...solution, counter: -1 } },
    { challenge, solution: { ...solution, counter: '1' } },
    { verificationData: 'verified=true', signature: 'x', verified: true, algorithm: 'SHA-256' },
  ];
  const verdicts = await Promise.all(values.map((value) => verify(altcha, value)));
  expect(verdicts).toEqual(values.map(() => malformed));
  const texts = ['', 'x', '%%%', 'bm8ganNvbg==', '\u0000', 'ÿ', 'e30='];
  const others = await Promise.all(texts.map((response) => altcha.verify({ response }, {})));
  expect(others).toEqual(texts.map(() => malformed));
});

test('without the memory nobody passes', async () => {
  const down = new GuestpassError('storage_unavailable', 'The database is down.');
  const { altcha } = open({ uses: { claim: () => Promise.reject(down) } });
  await expect(verify(altcha, await solve(altcha))).rejects.toBe(down);
});

test('who gave up is not verified', async () => {
  const { altcha } = open();
  const given = await altcha.verify({ response: encode(await solve(altcha)) }, { signal: AbortSignal.abort() });
  expect(given).toEqual({ verdict: 'unavailable', reason: 'aborted' });
});

test('a short secret is refused', () => {
  expect(() => open({ secret: 'short' })).toThrow(expect.objectContaining({ code: 'config_invalid' }));
});

test('challenges of a secret that became another are good until they expire, and new ones are signed with the new one', async () => {
  let current = secret;
  const { altcha, clock } = open({ secret: () => current, lifetimeMs: 60_000 });
  const [early, late] = [await solve(altcha), await solve(altcha)];
  current = 'the-next-secret-of-32-characters-or-more';
  const fresh = await solve(altcha);
  expect(await verify(altcha, early)).toEqual(passed);
  expect(await verify(altcha, early)).toEqual({ verdict: 'reused' });
  expect(await verify(altcha, fresh)).toEqual(passed);
  const of = (only: string) => open({ secret: only }).altcha;
  expect(await verify(of(current), await solve(altcha))).toEqual(passed);
  expect(await verify(of(secret), await solve(altcha))).toEqual(invalid);
  await clock.advance(60_000);
  expect(await verify(altcha, late)).toEqual({ verdict: 'rejected', reason: 'expired' });
});

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { withSingleUse } from './single-use.ts';
import { type CaptchaUses, memoryCaptchaUses } from './uses.ts';
import type { CaptchaVerdict, CaptchaVerifier } from './verifier.ts';

const passed: CaptchaVerdict = { verdict: 'passed', score: null };
const minutes = 60_000;

/** A provider that lets everybody pass and counts. */
function provider(verdict: CaptchaVerdict = passed) {
  const asked: string[] = [];
  const verifier: CaptchaVerifier = {
    async verify({ response }) {
      asked.push(response);
      return verdict;
    },
  };
  return { verifier, asked };
}

test('of a hundred presented at once one is asked about, and the others were used before', async () => {
  const clock = manualClock();
  const { verifier, asked } = provider();
  const once = withSingleUse(verifier, { uses: memoryCaptchaUses({ clock }), clock });
  const verdicts = await Promise.all(Array.from({ length: 100 }, () => once.verify({ response: 'answer' }, {})));
  expect(asked).toEqual(['answer']);
  expect(verdicts.filter(({ verdict }) => verdict === 'passed')).toHaveLength(1);
  expect(verdicts.filter(({ verdict }) => verdict === 'reused')).toHaveLength(99);
});

test('many verifiers that share one memory take an answer once together', async () => {
  const clock = manualClock();
  const uses = memoryCaptchaUses({ clock });
  const one = withSingleUse(provider().verifier, { uses, clock });
  const other = withSingleUse(provider().verifier, { uses, clock });
  expect(await one.verify({ response: 'answer' }, {})).toBe(passed);
  expect(await other.verify({ response: 'answer' }, {})).toEqual({ verdict: 'reused' });
  expect(await other.verify({ response: 'another' }, {})).toBe(passed);
});

test('an answer of which nobody knows what became stays taken', async () => {
  const clock = manualClock();
  const lost = provider({ verdict: 'unavailable', reason: 'timeout' });
  const once = withSingleUse(lost.verifier, { uses: memoryCaptchaUses({ clock }), clock });
  expect(await once.verify({ response: 'answer' }, {})).toMatchObject({ verdict: 'unavailable' });
  expect(await once.verify({ response: 'answer' }, {})).toEqual({ verdict: 'reused' });
  expect(lost.asked).toHaveLength(1);
});

test('only a hash is remembered, for ten minutes', async () => {
  const clock = manualClock(1000);
  const claims: unknown[] = [];
  const uses: CaptchaUses = {
    claim: async (...claim) => {
      claims.push(claim);
      return true;
    },
  };
  await withSingleUse(provider().verifier, { uses, clock }).verify({ response: 'answer' }, {});
  expect(claims).toEqual([[createHash('sha256').update('answer').digest('hex'), 1000 + 10 * minutes]]);
});

test('who gave up before does not burn the answer', async () => {
  const clock = manualClock();
  const { verifier, asked } = provider();
  const once = withSingleUse(verifier, { uses: memoryCaptchaUses({ clock }), clock });
  const given = await once.verify({ response: 'answer' }, { signal: AbortSignal.abort() });
  expect([given, asked]).toEqual([{ verdict: 'unavailable', reason: 'aborted' }, []]);
  expect(await once.verify({ response: 'answer' }, {})).toBe(passed);
});

test('an answer is kept while nobody can be asked about it, unless it lets somebody in all the same', async () => {
  const clock = manualClock();
  const { verifier, asked } = provider();
  const leftAlone = { verdict: 'unavailable', reason: 'left_alone' } as const;
  let heldBack: CaptchaVerdict | undefined = leftAlone;
  const uses = memoryCaptchaUses({ clock });
  const provided: CaptchaVerifier = {
    verify: async (...given) => heldBack ?? (await verifier.verify(...given)),
    heldBack: () => heldBack && leftAlone,
  };
  const isTakenUnasked = ({ channelId }: { channelId?: string }) => channelId === 'open';
  const once = withSingleUse(provided, { uses, clock, isTakenUnasked });
  const kept = () => once.verify({ response: 'kept' }, {});
  const spent = () => once.verify({ response: 'spent', channelId: 'open' }, {});
  expect([await kept(), await kept(), await spent(), await spent()]).toEqual([
    leftAlone,
    leftAlone,
    leftAlone,
    { verdict: 'reused' },
  ]);
  heldBack = undefined;
  expect([await kept(), await kept()]).toEqual([passed, { verdict: 'reused' }]);
  expect(asked).toEqual(['kept']);
});

test('an answer is given back when it turns out behind the claim that nobody was asked about it', async () => {
  const clock = manualClock();
  const uses = memoryCaptchaUses({ clock });
  const leftAlone = { verdict: 'unavailable', reason: 'left_alone' } as const;
  const overloaded = new GuestpassError('overloaded', 'The line is full.');
  const ends = [
    () => leftAlone,
    () => {
      throw overloaded;
    },
    () => passed,
  ];
  const late: CaptchaVerifier = { verify: async () => ends.shift()?.() ?? passed };
  const once = withSingleUse(late, { uses, clock, isTakenUnasked: ({ channelId }) => channelId === 'open' });
  const ask = (channelId = 'demo') => once.verify({ response: 'answer', channelId }, {});
  expect(await ask()).toBe(leftAlone);
  await expect(ask()).rejects.toBe(overloaded);
  expect([await ask(), await ask()]).toEqual([passed, { verdict: 'reused' }]);
  ends.push(() => leftAlone);
  const asOpen = () => once.verify({ response: 'another', channelId: 'open' }, {});
  expect([await asOpen(), await asOpen()]).toEqual([leftAlone, { verdict: 'reused' }]);
});

test('while one is asked about an answer, others find it used, also when it is given back later', async () => {
  const clock = manualClock();
  const asked = Promise.withResolvers<CaptchaVerdict>();
  const waiting: CaptchaVerifier = { verify: () => asked.promise };
  const once = withSingleUse(waiting, { uses: memoryCaptchaUses({ clock }), clock });
  const first = once.verify({ response: 'answer' }, {});
  expect(await once.verify({ response: 'answer' }, {})).toEqual({ verdict: 'reused' });
  asked.resolve({ verdict: 'unavailable', reason: 'left_alone' });
  expect(await first).toMatchObject({ reason: 'left_alone' });
});

test('an answer that cannot be given back stays taken, and the verdict is told all the same', async () => {
  const clock = manualClock();
  const memory = memoryCaptchaUses({ clock });
  const uses: CaptchaUses = {
    claim: (...claim) => memory.claim(...claim),
    giveBack: () => Promise.reject(new GuestpassError('storage_unavailable', 'The database is down.')),
  };
  const once = withSingleUse(provider({ verdict: 'unavailable', reason: 'left_alone' }).verifier, { uses, clock });
  const ask = () => once.verify({ response: 'answer' }, {});
  expect([await ask(), await ask()]).toMatchObject([{ reason: 'left_alone' }, { verdict: 'reused' }]);
});

test('without the memory nobody is asked', async () => {
  const { verifier, asked } = provider();
  const down = new GuestpassError('storage_unavailable', 'The database is down.');
  const once = withSingleUse(verifier, { uses: { claim: () => Promise.reject(down) }, clock: manualClock() });
  await expect(once.verify({ response: 'answer' }, {})).rejects.toBe(down);
  expect(asked).toEqual([]);
});

test('the memory forgets an answer when its time has come', () => {
  const clock = manualClock();
  const uses = memoryCaptchaUses({ clock });
  expect([uses.claim('a', 100), uses.claim('a', 100)]).toEqual([true, false]);
  clock.step(99);
  expect(uses.claim('a', 199)).toBe(false);
  clock.step(1);
  expect([uses.claim('a', 200), uses.claim('a', 200)]).toEqual([true, false]);
});

test('the memory is bounded, and forgets the oldest first', () => {
  const clock = manualClock();
  const uses = memoryCaptchaUses({ clock, capacity: 3 });
  const claim = (name: string) => uses.claim(name, clock.now() + 100);
  expect(['a', 'b', 'c', 'd'].map(claim)).toEqual([true, true, true, true]);
  expect(['b', 'c', 'd'].map(claim)).toEqual([false, false, false]);
  expect(claim('a')).toBe(true);
});

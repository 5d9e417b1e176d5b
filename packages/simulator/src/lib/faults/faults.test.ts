import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { createFaults } from './faults.ts';

const script = (seed = 'seed') => createFaults(createRandom(seed, 'faults'));
const statuses = (faults: ReturnType<typeof script>, count: number) =>
  Array.from({ length: count }, () => faults.take('guest')?.status);

test('faults are met in the order they were added, each as often as it says', () => {
  const faults = script();
  faults.add({ status: 503, times: 2 });
  faults.add({ status: 429 });
  expect(statuses(faults, 4)).toEqual([503, 503, 429, undefined]);
  expect(faults.list()).toEqual([]);
  expect(faults.applied).toBe(3);
});

test('a fault for one operation leaves the others alone', () => {
  const faults = script();
  faults.add({ operation: 'token', status: 503 });
  expect(faults.take('guest')).toBeUndefined();
  expect(faults.take('other')).toBeUndefined();
  expect(faults.take('token')?.status).toBe(503);
});

test('a fault for any operation meets all of them', () => {
  const faults = script();
  faults.add({ status: 503, times: 'always' });
  expect([faults.take('guest'), faults.take('token'), faults.take('other')].map((fault) => fault?.status)).toEqual([
    503, 503, 503,
  ]);
});

test('a fault may wait for a number of requests, also those another fault met', () => {
  const faults = script();
  faults.add({ status: 500 });
  faults.add({ operation: 'guest', status: 503, after: 2 });
  expect(statuses(faults, 4)).toEqual([500, undefined, 503, undefined]);
});

test('a fault that lasts is listed with its count until it is cleared', () => {
  const faults = script();
  const id = faults.add({ status: 503, times: 'always' });
  statuses(faults, 3);
  expect(faults.list()).toMatchObject([{ id, seen: 3, used: 3, fault: { status: 503, times: 'always' } }]);
  faults.clear();
  expect(faults.list()).toEqual([]);
  expect(statuses(faults, 1)).toEqual([undefined]);
});

test('ids are never given twice, also after clearing', () => {
  const faults = script();
  const first = faults.add({ status: 503 });
  faults.clear();
  expect(faults.add({ status: 503 })).not.toBe(first);
});

test('adding what is no fault throws and names every problem', () => {
  const faults = script();
  expect(() => faults.add({ status: 99, times: 0 })).toThrow(/^Not a fault\. .*times: .*status: /s);
  expect(() => faults.add({})).toThrow(TypeError);
  expect(faults.list()).toEqual([]);
});

test('chances repeat with the seed, and a miss does not use the fault up', () => {
  const meet = (seed: string) => {
    const faults = script(seed);
    faults.add({ status: 503, times: 10, probability: 0.3 });
    return statuses(faults, 100);
  };
  fc.assert(
    fc.property(fc.string(), (seed) => {
      const met = meet(seed);
      expect(meet(seed)).toEqual(met);
      expect(met.filter((status) => status === 503).length).toBeLessThanOrEqual(10);
    }),
  );
});

test('a chance of three in ten is met about that often', () => {
  const faults = script();
  faults.add({ status: 503, times: 'always', probability: 0.3 });
  const met = statuses(faults, 2000).filter((status) => status === 503).length;
  expect(met).toBeGreaterThan(500);
  expect(met).toBeLessThan(700);
});

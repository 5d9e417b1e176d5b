import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from './random.ts';

const drawAll = (seed: string, stream: string) => {
  const random = createRandom(seed, stream);
  return [random.uuid(), random.token(), random.fraction(), random.uuid()];
};

test('the same seed and stream repeat the same values', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (seed, stream) => {
      expect(drawAll(seed, stream)).toEqual(drawAll(seed, stream));
    }),
  );
});

test('another seed or another stream gives other values', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string({ minLength: 1 }), (seed, stream, more) => {
      const drawn = drawAll(seed, stream);
      expect(drawAll(seed + more, stream)).not.toEqual(drawn);
      expect(drawAll(seed, stream + more)).not.toEqual(drawn);
    }),
  );
});

test('ids are version 4 UUIDs, tokens hold 256 bits, fractions stay below 1', () => {
  fc.assert(
    fc.property(fc.string(), (seed) => {
      const random = createRandom(seed, 'any');
      expect(random.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Buffer.from(random.token(), 'base64url')).toHaveLength(32);
      const fraction = random.fraction();
      expect(fraction).toBeGreaterThanOrEqual(0);
      expect(fraction).toBeLessThan(1);
    }),
  );
});

test('no value comes twice in a long run', () => {
  const random = createRandom('seed', 'guests');
  const drawn = Array.from({ length: 5000 }, () => random.uuid());
  expect(new Set(drawn).size).toBe(5000);
});

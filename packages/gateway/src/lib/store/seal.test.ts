import { createSecretKey, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createSeal } from './seal.ts';

const masterKey = randomBytes(32);

test('a sealed value opens again, and looks different each time', () => {
  const seal = createSeal(masterKey, 'test');
  const sealed = seal.seal('secret', 'row 1');
  expect(seal.open(sealed, 'row 1').toString()).toBe('secret');
  expect(seal.seal('secret', 'row 1').equals(sealed)).toBe(false);
  expect(sealed.includes('secret')).toBe(false);
  expect(createSeal(createSecretKey(masterKey), 'test').open(sealed, 'row 1').toString()).toBe('secret');
});

test('a value that was changed, cut, moved, or sealed for another purpose or key does not open', () => {
  const seal = createSeal(masterKey, 'test');
  const sealed = seal.seal('secret', 'row 1');
  for (let index = 0; index < sealed.length; index += 1) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
    expect(() => seal.open(changed, 'row 1')).toThrow();
    expect(() => seal.open(sealed.subarray(0, index), 'row 1')).toThrow();
  }
  expect(() => seal.open(sealed, 'row 2')).toThrow();
  expect(() => createSeal(masterKey, 'other').open(sealed, 'row 1')).toThrow();
  expect(() => createSeal(randomBytes(32), 'test').open(sealed, 'row 1')).toThrow();
});

test('a fingerprint is the same for the same text and key only', () => {
  const seal = createSeal(masterKey, 'test');
  expect(seal.fingerprint('a').equals(createSeal(masterKey, 'test').fingerprint('a'))).toBe(true);
  expect(seal.fingerprint('a').equals(seal.fingerprint('b'))).toBe(false);
  expect(seal.fingerprint('a').equals(createSeal(randomBytes(32), 'test').fingerprint('a'))).toBe(false);
});

test('a short master key is refused', () => {
  expect(() => createSeal(randomBytes(31), 'test')).toThrow(expect.objectContaining({ code: 'config_invalid' }));
});

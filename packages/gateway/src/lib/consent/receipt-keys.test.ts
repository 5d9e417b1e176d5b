import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createConsentKeys } from '../store/consent-keys.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { publicJwk } from './public-jwk.ts';
import { openReceiptKeys } from './receipt-keys.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

const newKey = () => generateKeyPairSync('ed25519').privateKey;

test('the fleet knows every key that was ever used, those of other gateways and of before too', async () => {
  const store = createConsentKeys(database);
  const [first, second] = [newKey(), newKey()];
  const one = await openReceiptKeys({ privateKey: first, store, nowMs: 1_000 });
  expect(await one.list()).toEqual([publicJwk(first)]);
  expect(await one.find(publicJwk(second).kid)).toBeUndefined();

  const other = await openReceiptKeys({ privateKey: second, store, nowMs: 2_000 });
  await openReceiptKeys({ privateKey: first, store, nowMs: 3_000 });
  expect(await other.list()).toEqual([publicJwk(first), publicJwk(second)]);
  expect(other.signing.kid).toBe(publicJwk(second).kid);
  expect((await one.find(publicJwk(second).kid))?.export({ format: 'jwk' }).x).toBe(publicJwk(second).x);
  expect((await other.find(publicJwk(first).kid))?.type).toBe('public');
});

test('a key that was exchanged in the database is not taken for the one of its name', async () => {
  const store = createConsentKeys(database);
  const victim = publicJwk(newKey());
  const bytes = Buffer.from(publicJwk(newKey()).x, 'base64url');
  await store.remember({ kid: victim.kid, publicKey: bytes }, 1_000);
  const keys = await openReceiptKeys({ privateKey: newKey(), store, nowMs: 1_000 });
  expect(await keys.find(victim.kid)).toBeUndefined();
});

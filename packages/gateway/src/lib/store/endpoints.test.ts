import { afterAll, beforeAll, expect, test } from 'vitest';
import { masterKey, noon } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { createEndpointStore, type EndpointStore } from './endpoints.ts';

let database: TestDatabase;
let endpoints: EndpointStore;

beforeAll(async () => {
  database = await testDatabase();
  endpoints = createEndpointStore(database, masterKey);
});

afterAll(() => database[Symbol.asyncDispose]());

const create = () =>
  endpoints.create({ url: 'https://idp.example/hook', eventTypes: ['guest.failed'], secret: 'whsec_first' }, noon);

test('an endpoint is listed without its secret, which is sealed in the database', async () => {
  const endpoint = await create();
  expect(endpoint).toMatchObject({ url: 'https://idp.example/hook', eventTypes: ['guest.failed'], enabled: true });
  expect(await endpoints.get(endpoint.id)).toEqual(endpoint);
  expect(await endpoints.list()).toContainEqual(endpoint);
  expect(JSON.stringify(endpoint)).not.toContain('whsec');
  const rows = await database.query('select sealed_secret from guestpass.webhook_endpoints');
  expect(rows.some(({ sealed_secret }) => Buffer.from(sealed_secret as Buffer).includes('whsec'))).toBe(false);
});

test('after a rotation both secrets sign, the new one first, until the old one has had its time', async () => {
  const { id } = await create();
  expect(await endpoints.secrets(id, noon)).toEqual(['whsec_first']);
  expect(await endpoints.rotate(id, { secret: 'whsec_second', previousUntilMs: noon + 1_000 }, noon)).toBe(true);
  expect(await endpoints.secrets(id, noon + 999)).toEqual(['whsec_second', 'whsec_first']);
  expect(await endpoints.secrets(id, noon + 1_000)).toEqual(['whsec_second']);
});

test('failures are counted from the first of a row, and one success ends the row', async () => {
  const { id } = await create();
  await endpoints.recordTry(id, 'failed', noon);
  expect(await endpoints.recordTry(id, 'failed', noon + 5)).toMatchObject({
    failures: 2,
    failingSince: new Date(noon),
  });
  expect(await endpoints.recordTry(id, 'delivered', noon + 9)).toMatchObject({ failures: 0, failingSince: null });
});

test('a receiver is unwell from a try that failed to one that was delivered, and not from what it turned down', async () => {
  const { id } = await create();
  const seen: (boolean | undefined)[] = [];
  for (const end of ['turned down', 'failed', 'turned down', 'delivered'] as const) {
    await endpoints.recordTry(id, end, noon);
    seen.push((await endpoints.receivers([id], noon)).get(id)?.isUnwell);
  }
  expect(seen).toEqual([false, true, true, false]);
});

test('an endpoint is disabled once, keeps the reason, and starts anew when enabled', async () => {
  const { id } = await create();
  await endpoints.recordTry(id, 'failed', noon);
  const disabled = await Promise.all([endpoints.disable(id, 'gone', noon), endpoints.disable(id, 'gone', noon)]);
  expect(disabled.toSorted()).toEqual([false, true]);
  expect(await endpoints.get(id)).toMatchObject({ enabled: false, disabledReason: 'gone' });
  // A late success of a try under way does not hide why it was disabled.
  expect(await endpoints.recordTry(id, 'delivered', noon)).toMatchObject({ enabled: false, disabledReason: 'gone' });
  expect(await endpoints.enable(id, noon)).toBe(true);
  expect(await endpoints.get(id)).toMatchObject({ enabled: true, disabledReason: null, failures: 0 });
});

test('an endpoint is changed, and gone once removed', async () => {
  const { id } = await create();
  const changed = await endpoints.change(id, { url: 'https://other.example/', eventTypes: null }, noon + 7);
  expect(changed).toMatchObject({ url: 'https://other.example/', eventTypes: null, updatedAt: new Date(noon + 7) });
  expect(await endpoints.remove(id, noon)).toBe(true);
  expect(await endpoints.remove(id, noon)).toBe(false);
  expect(await endpoints.get(id)).toBeUndefined();
  expect(await endpoints.secrets(id, noon)).toEqual([]);
  expect(await endpoints.change(id, { description: 'x' }, noon)).toBeUndefined();
});

const configured = (secret = 'whsec_first', url = 'https://idp.example/hook') => ({
  description: `of ${expect.getState().currentTestName}`,
  url,
  secret,
});

const configuredOnes = async () => {
  const { description } = configured();
  return (await endpoints.list()).filter((endpoint) => endpoint.description === description);
};

test('gateways that start at once make one endpoint of the configuration', async () => {
  await Promise.all(Array.from({ length: 6 }, () => endpoints.ensure(configured(), noon)));
  expect(await configuredOnes()).toHaveLength(1);
});

test('a secret that changed in the configuration signs, beside the old one for a day', async () => {
  for (const secret of ['whsec_first', 'whsec_second', 'whsec_second'])
    await endpoints.ensure(configured(secret), noon);
  const [{ id } = { id: '' }] = await configuredOnes();
  expect(await endpoints.secrets(id, noon)).toEqual(['whsec_second', 'whsec_first']);
  expect(await endpoints.secrets(id, noon + 86_400_000)).toEqual(['whsec_second']);
});

test('a secret that an operator replaced does not come back with the configuration', async () => {
  await endpoints.ensure(configured(), noon);
  const [{ id } = { id: '' }] = await configuredOnes();
  await endpoints.rotate(id, { secret: 'whsec_second', previousUntilMs: noon }, noon);
  await endpoints.ensure(configured('whsec_first', 'https://other.example/'), noon);
  expect(await endpoints.secrets(id, noon)).toEqual(['whsec_second']);
  expect(await configuredOnes()).toMatchObject([{ url: 'https://other.example/' }]);
});

test('another master key than the one the secrets are sealed with is told at once', async () => {
  await endpoints.ensure(configured(), noon);
  const other = createEndpointStore(database, Buffer.alloc(32, 1));
  await expect(other.ensure(configured(), noon)).rejects.toMatchObject({ code: 'config_invalid' });
});

import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { expect, test } from 'vitest';
import { genesis, genesisHash, link, memoryChain } from './chain.ts';
import type { GuestRequestedEvent } from './event.ts';

const requested: GuestRequestedEvent = {
  eventType: 'WEBMESSAGING_GUEST_REQUESTED',
  attemptId: 'att_1',
  channelId: 'your-channel-id',
  consentTimestamp: '2024-01-15T10:30:00Z',
  captchaProvider: null,
  timestamp: '2024-01-15T10:30:01.000Z',
};

test('the first record is number 1 behind sixty-four zeros', () => {
  const { record } = link(requested, genesis);
  expect(record).toMatchObject({ ...requested, sequence: 1, previousHash: '0'.repeat(64) });
});

test('the hash is SHA-256 over the canonical form of the record without its hash', () => {
  const { record } = link(requested, { sequence: 41, hash: 'ab'.repeat(32) });
  const { hash, ...rest } = record;
  expect(rest.sequence).toBe(42);
  expect(hash).toBe(
    createHash('sha256')
      .update(String(canonicalize(rest)))
      .digest('hex'),
  );
});

test('a golden record: the format cannot change unnoticed', () => {
  expect(link(requested, genesis).line).toBe(
    '{"attemptId":"att_1","captchaProvider":null,"channelId":"your-channel-id","consentTimestamp":"2024-01-15T10:30:00Z",' +
      '"eventType":"WEBMESSAGING_GUEST_REQUESTED","previousHash":"0000000000000000000000000000000000000000000000000000000000000000",' +
      '"sequence":1,"timestamp":"2024-01-15T10:30:01.000Z","hash":"9287bb2477ca4aa51f525b3634fb4feb51705c1f75a52a72d63874b15f1aeb5e"}',
  );
});

test('the line holds the record', () => {
  const { record, line } = link(requested, genesis);
  expect(JSON.parse(line)).toEqual(record);
  expect(Object.keys(JSON.parse(line)).at(-1)).toBe('hash');
});

test('a chain in memory numbers records in the order of the calls, each behind the one before', async () => {
  await using chain = memoryChain();
  const records = await Promise.all([chain.record(requested), chain.record(requested), chain.record(requested)]);
  expect(records.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  expect(records.map(({ previousHash }) => previousHash)).toEqual([genesisHash, records[0].hash, records[1].hash]);
});

test('two chains in memory know nothing of each other', async () => {
  await using one = memoryChain();
  await using other = memoryChain();
  await one.record(requested);
  expect((await other.record(requested)).sequence).toBe(1);
});

test('an event that cannot be kept is refused without taking a number', async () => {
  await using chain = memoryChain();
  const illFormed = chain.record({ ...requested, channelId: '\ud800' });
  const endless = chain.record({ ...requested, channelId: 'x'.repeat(400_000) });
  await expect(illFormed).rejects.toMatchObject({ code: 'storage_unavailable', retryable: false });
  await expect(endless).rejects.toMatchObject({ code: 'storage_unavailable', retryable: false });
  expect((await chain.record(requested)).sequence).toBe(1);
});

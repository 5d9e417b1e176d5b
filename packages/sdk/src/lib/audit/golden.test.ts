import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type ChainHead, genesis, link } from './chain.ts';
import { verifyAuditLog } from './verify.ts';

// Written down once: what one version hashed, every later one must hash alike.
const hashes = [
  'e674277c95a11cb7958e5ace80c98959ded1e3b9eb835e3cb4a373eca16531c0',
  '4204b585563538f827ba7a3928f0afa6663d24f04b752a91df4648809e951f6a',
  '22f93a07e49052cc63958e2c0819a3bcb83ed6c6d5cb4443f70409c45dc6e9a8',
  'c7c2078337b31be38142b9544bcb02a60a2195fcfff9debf64e9c2c2d302bc23',
  '28b84321d49ec78c4018a2670eb43e06a5814dfde7497586ec9acabff6cee139',
];

const text = await readFile(new URL('./golden.jsonl', import.meta.url), 'utf8');
const lines = text.trimEnd().split('\n');

test('a log that was written down is found whole, up to its last hash', async () => {
  expect(lines.map((line) => JSON.parse(line).hash)).toEqual(hashes);
  const head = { sequence: 5, hash: hashes[4] };
  expect(await verifyAuditLog(lines)).toMatchObject({ ok: true, records: 5, firstHash: hashes[0], head });
});

test('its events are hashed and written as they were then, in whatever order their members stand', () => {
  let head: ChainHead = genesis;
  for (const line of lines) {
    const { hash: _, sequence: __, previousHash: ___, ...event } = JSON.parse(line);
    const shuffled = Object.fromEntries(Object.entries(event).toReversed());
    // A cast, because what was parsed is an event as it was written.
    const linked = link(shuffled as unknown as Parameters<typeof link>[0], head);
    expect(linked.line).toBe(line);
    head = linked.record;
  }
});

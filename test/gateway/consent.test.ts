import { execFile } from 'node:child_process';
import { generateKeyPairSync, hash, randomUUID, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Gateway } from '@guestpass/gateway';
import { readGatewayConfig } from '@guestpass/gateway/config';
import { canonicalJson } from 'guestpass/audit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshPayload } from './support/payload.ts';
import { askGuest, openStage, type Stage } from './support/stage.ts';

// Notices, receipts and withdrawal over sockets; what a receipt holds is checked as somebody else would.

const text = 'We process what you write in this chat to answer you.';

const notice = {
  id: 'chat-privacy',
  version: '2024-01',
  language: 'en',
  channels: ['demo'],
  text,
  sha256: hash('sha256', text),
  purposes: ['answering the guest'],
  dataCategories: ['chat messages'],
  controller: { name: 'Shop Ltd', contact: 'privacy@shop.example' },
  storageDuration: '90 days',
  withdrawal: 'https://shop.example/withdraw',
};

const newKey = () => generateKeyPairSync('ed25519').privateKey;
const origin = 'https://shop.example';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({
    gateway: {
      consent: { notices: [notice], key: newKey() },
      websites: [{ origin }],
      requireOrigin: false,
      // Receipts are verified and taken back many times over here.
      rates: { address: 1e5, subnet: 1e5, channel: 1e5, total: 1e5 },
    },
    simulator: { channels: { demo: 'active', help: 'active' } },
  });
}, 60_000);

afterAll(() => stage?.[Symbol.asyncDispose]());

interface Body {
  readonly attemptId: string;
  readonly guestId: string;
  readonly consentReceipt: string;
  readonly code?: string;
}

const consent = (change: Readonly<Record<string, unknown>> = {}) => ({
  accepted: true,
  timestamp: new Date().toISOString(),
  noticeVersion: '2024-01',
  language: 'en-US',
  ...change,
});

async function ask(payload: unknown, headers: Readonly<Record<string, string>> = { origin }) {
  const response = await stage.ask(payload, headers);
  // A cast, because the answer is our own gateway's.
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
}

async function withdraw(receipt: unknown, { url }: Pick<Gateway, 'url'> = stage.gateway) {
  const response = await fetch(`${url}/v1/withdrawals`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ receipt }),
  });
  const told = await response.text();
  return { status: response.status, body: told === '' ? undefined : JSON.parse(told) };
}

/** RFC 7515, section 5.2, with a key of RFC 8037, by what every browser has. */
async function verified(receipt: string, { url }: Pick<Gateway, 'url'> = stage.gateway) {
  const response = await fetch(`${url}/v1/consent-keys`);
  expect(response.headers.get('content-type')).toBe('application/jwk-set+json');
  const { keys } = (await response.json()) as { readonly keys: readonly webcrypto.JsonWebKey[] };
  const [header = '', payload = '', signature = ''] = receipt.split('.');
  const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString());
  const jwk = keys.find((key) => 'kid' in key && key.kid === kid);
  if (alg !== 'EdDSA' || !jwk) throw new Error('There is no such key.');
  const key = await webcrypto.subtle.importKey('jwk', jwk, { name: 'Ed25519' }, false, ['verify']);
  const signed = Buffer.from(`${header}.${payload}`);
  expect(await webcrypto.subtle.verify('Ed25519', key, Buffer.from(signature, 'base64url'), signed)).toBe(true);
  return JSON.parse(Buffer.from(payload, 'base64url').toString());
}

async function recordsOf(attemptId: string) {
  const records = await Array.fromAsync(stage.gateway.audit.read());
  return records.map(({ line }) => JSON.parse(line)).filter((record) => record.attemptId === attemptId);
}

test('a guest gets a receipt that anybody can verify, and the audit log and the receipt prove each other', async () => {
  const given = consent();
  const { status, body } = await ask(freshPayload({ consent: given }));
  expect(status).toBe(201);
  const receipt = await verified(body.consentReceipt);
  const { channels: _, text: __, ...shown } = notice;
  const { id, version, language, sha256, ...terms } = shown;
  expect(receipt).toEqual({
    schemaVersion: 'guestpass-consent-1',
    receiptId: expect.stringMatching(/^crt_[0-9a-f-]{36}$/),
    attemptId: body.attemptId,
    channelId: 'demo',
    ...terms,
    notice: { id, version, language, sha256 },
    consent: { state: 'given', claimedAt: given.timestamp, receivedAt: expect.any(String), origin },
  });
  const record = (await recordsOf(body.attemptId)).at(-1);
  expect(record).toMatchObject({
    eventType: 'WEBMESSAGING_GUEST_AUTHENTICATED',
    consentTimestamp: given.timestamp,
    consent: 'sealed',
  });
  const [opened] = await stage.gateway.audit.page({ limit: 1, attemptId: body.attemptId });
  expect(opened?.opened?.consent).toMatchObject({
    receiptId: receipt.receiptId,
    notice: { id: 'chat-privacy', version: '2024-01', language: 'en', sha256: hash('sha256', text) },
    purposes: ['answering the guest'],
    consent: { state: 'given', claimedAt: given.timestamp },
    collection: { origin },
    evidence: { network: '127.0.0.0/24' },
    receiptSha256: hash('sha256', canonicalJson(receipt)),
  });
  expect(JSON.stringify(receipt)).not.toContain(body.guestId);
  expect(JSON.stringify(record)).not.toContain(body.guestId);
  expect(await stage.gateway.audit.verify()).toMatchObject({ ok: true });
});

test('a notice that is not configured is refused, and the platform is not asked', async () => {
  const before = stage.simulator.stats().guestRequests;
  const refused = { status: 422, body: { code: 'consent_notice_unknown' } };
  expect(await ask(freshPayload({ consent: consent({ noticeVersion: '2023-12' }) }))).toMatchObject(refused);
  expect(await ask(freshPayload({ consent: consent({ language: 'de' }) }))).toMatchObject(refused);
  const { noticeVersion: _, ...unnamed } = consent();
  const { body } = await ask(freshPayload({ consent: unnamed }));
  expect(body.code).toBe('consent_notice_unknown');
  expect(stage.simulator.stats().guestRequests).toBe(before);
  const [row] = await stage.database.query('select stage, code from guestpass.attempts order by number desc limit 1');
  expect(row).toEqual({ stage: 'consent', code: 'consent_notice_unknown' });
});

test('a channel that no notice is for is as ever', async () => {
  const { status, body } = await ask(freshPayload({ channelId: 'help' }));
  expect([status, body.consentReceipt]).toEqual([201, undefined]);
  expect((await recordsOf(body.attemptId)).at(-1)).not.toHaveProperty('consent');
});

test('a request that is repeated gets the same receipt, also behind a change of keys', async () => {
  const payload = freshPayload({ consent: consent() });
  const headers = { origin, 'idempotency-key': randomUUID() };
  const first = await ask(payload, headers);
  const again = await ask(payload, headers);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.body).toEqual(first.body);

  const other = await stage.another('gateway-2', { consent: { notices: [], key: newKey() } });
  expect(await verified(first.body.consentReceipt, other)).toMatchObject({ attemptId: first.body.attemptId });
  expect((await withdraw(first.body.consentReceipt, other)).status).toBe(204);
});

/** What the identity provider knows of a guest. */
async function identityOf(guestId: string) {
  const { identities } = Object(await (await fetch(`${stage.platformUrl}/_idp/identities`)).json());
  return identities.find((identity: { readonly guestId: string }) => identity.guestId === guestId);
}

test('a guest takes the consent back, once, and the identity provider learns of it', async () => {
  const { body } = await ask(freshPayload({ consent: consent() }));
  const answers = await Promise.all(Array.from({ length: 3 }, () => withdraw(body.consentReceipt)));
  expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
  expect((await withdraw(body.consentReceipt)).status).toBe(204);
  const records = (await recordsOf(body.attemptId)).filter(({ eventType }) => eventType.includes('CONSENT'));
  const { receiptId } = await verified(body.consentReceipt);
  expect(records).toEqual([
    expect.objectContaining({
      eventType: 'WEBMESSAGING_CONSENT_WITHDRAWN',
      basis: `By the guest, with the receipt ${receiptId}.`,
    }),
  ]);
  await expect
    .poll(async () => (await identityOf(body.guestId))?.consentWithdrawnAt, { timeout: 10_000 })
    .toBe(records[0]?.timestamp);
});

test('a guest who is erased is erased at the identity provider, which hears of the attempt alone', async () => {
  const { body } = await ask(freshPayload({ consent: consent() }));
  const status = async () => (await identityOf(body.guestId))?.status;
  await expect.poll(status, { timeout: 10_000 }).toBe('active');
  const erasure = { attemptId: body.attemptId, basis: 'Asked for.', nowMs: Date.now() };
  expect(await stage.gateway.attempts.eraseGuest(erasure)).toBe(true);
  await expect.poll(status, { timeout: 10_000 }).toBe('erased');
});

test('a receipt that is forged, foreign, erased or none is refused in one way, and nothing is recorded', async () => {
  const [one, other] = [
    await ask(freshPayload({ consent: consent() })),
    await ask(freshPayload({ consent: consent() })),
  ].map(({ body }) => body);
  if (!one || !other) expect.unreachable('both are let in');
  const [header, , signature] = one.consentReceipt.split('.');
  const forged = [header, other.consentReceipt.split('.')[1], signature].join('.');
  await using elsewhere = await openStage({ gateway: { consent: { notices: [notice], key: newKey() } } });
  const foreign = await elsewhere.ask(freshPayload({ consent: consent() }));
  const erased = await ask(freshPayload({ consent: consent() }));
  const erasure = { attemptId: erased.body.attemptId, basis: 'Asked for.', nowMs: Date.now() };
  expect(await stage.gateway.attempts.eraseGuest(erasure)).toBe(true);

  const { sequence } = await stage.gateway.audit.head();
  const receipts = [forged, Object(await foreign.json()).consentReceipt, erased.body.consentReceipt];
  const answers = await Promise.all(receipts.map((receipt) => withdraw(receipt)));
  for (const { status, body } of answers) {
    const { requestId: _, instance: __, ...told } = body;
    const { requestId: ___, instance: ____, ...toldFirst } = answers[0]?.body ?? {};
    expect({ status, code: told.code }).toEqual({ status: 422, code: 'consent_receipt_invalid' });
    expect(told).toEqual(toldFirst);
  }
  expect(await withdraw('canary')).toMatchObject({ status: 422, body: { code: 'request_invalid' } });
  expect(await withdraw(undefined)).toMatchObject({ status: 422, body: { code: 'request_invalid' } });
  expect((await stage.gateway.audit.head()).sequence).toBe(sequence);
});

test('a page of the website may take a consent back; other methods may not be used', async () => {
  const url = `${stage.gateway.url}/v1/withdrawals`;
  const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
  const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin, ...asked } });
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
  const wrong = await fetch(url);
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'OPTIONS, POST']);
});

test('withdrawing, and asking for the keys, is held to a rate', async () => {
  const rates = { address: 1, subnet: 1, channel: 1, total: 1e5 };
  const strict = await stage.another('gateway-3', { rates, consent: { notices: [notice], key: newKey() } });
  const statuses = [];
  for (let tries = 0; tries < 4; tries += 1) statuses.push((await withdraw('a.b.c', strict)).status);
  expect(statuses.at(-1)).toBe(429);
  expect((await fetch(`${strict.url}/v1/consent-keys`)).status).toBe(429);
});

test('a gateway that takes no more guests still lets them take their consent back, and tells of each try', async () => {
  const ended: unknown[] = [];
  const full = await stage.another('gateway-4', {
    load: { maxInFlight: 0 },
    consent: { notices: [notice], key: newKey() },
    observer: { withdrawal: ({ outcome, code, attemptId }) => ended.push({ outcome, code, attemptId }) },
  });
  const { body } = await ask(freshPayload({ consent: consent() }));
  expect((await askGuest(full.url, freshPayload({ consent: consent() }))).status).toBe(503);
  expect((await withdraw(body.consentReceipt, full)).status).toBe(204);
  expect((await withdraw(body.consentReceipt, full)).status).toBe(204);
  expect((await withdraw('a.b.c', full)).status).toBe(422);
  const { attemptId } = body;
  expect(ended).toEqual([
    { outcome: 'withdrawn', code: null, attemptId },
    { outcome: 'repeated', code: null, attemptId },
    { outcome: 'refused', code: 'consent_receipt_invalid', attemptId: null },
  ]);
});

/** The only block of this language on the page. */
function blockOf(language: string): string {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'consent.md'), 'utf8');
  const [, block = ''] = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page) ?? [];
  return block;
}

test('docs/consent.md holds a file of notices that is read, and a check of receipts that needs nothing of ours', async () => {
  const variables = { GUESTPASS_TARGET: 'simulator', GUESTPASS_CONSENT_NOTICES: 'notices.json' };
  const { consent: read } = readGatewayConfig(variables, { readFile: () => blockOf('json') });
  expect(read?.notices).toMatchObject([{ version: '2024-01', sha256: hash('sha256', text), channels: ['demo'] }]);

  const { body } = await ask(freshPayload({ consent: consent() }));
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-receipt-'));
  const write = async (name: string, content: string) => {
    await writeFile(join(directory, name), content);
    return join(directory, name);
  };
  try {
    const script = await write('verify-receipt.mjs', blockOf('js'));
    const keys = await write('keys.json', await (await fetch(`${stage.gateway.url}/v1/consent-keys`)).text());
    const run = async (receipt: string) =>
      promisify(execFile)(process.execPath, [script, await write('receipt.txt', receipt), keys]);
    expect(JSON.parse((await run(body.consentReceipt)).stdout)).toEqual(await verified(body.consentReceipt));
    const [header, , signature] = body.consentReceipt.split('.');
    const forged = [header, Buffer.from('{"receiptId":"crt_forged"}').toString('base64url'), signature].join('.');
    await expect(run(forged)).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('was not signed') });
  } finally {
    await rm(directory, { recursive: true });
  }
});

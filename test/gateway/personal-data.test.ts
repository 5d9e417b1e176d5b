import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseConsentNotices } from '@guestpass/gateway';
import { tablesHolding } from '@guestpass/gateway/testing';
import { defaultWebhookSecret } from '@guestpass/simulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshPayload } from './support/payload.ts';
import { openStage, type Stage } from './support/stage.ts';

// What a guest leaves is looked for in every table of every schema, before the guest is erased and after.

const canary = `canary-${randomUUID()}`;
const origin = `https://${canary}.example`;

const notice = {
  id: 'chat-privacy',
  version: '2024-01',
  language: 'en',
  text: 'We process what you write in this chat to answer you.',
  purposes: ['answering the guest'],
  dataCategories: ['chat messages'],
  controller: { name: 'Shop Ltd', contact: 'privacy@shop.example' },
  storageDuration: '90 days',
  withdrawal: 'https://shop.example/withdraw',
};

let stage: Stage;

/** A receiver that tells back what it was told, and takes it only at `/taken`. */
const receiver = createServer((request, response) => {
  response.statusCode = request.url === '/taken' ? 200 : 500;
  request.pipe(response);
});

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const read = parseConsentNotices(JSON.stringify([notice]));
  const notices = 'notices' in read ? read.notices : [];
  const key = generateKeyPairSync('ed25519').privateKey;
  stage = await openStage({
    gateway: { consent: { notices, key }, websites: [{ origin }], isTrustedProxy: () => true },
  });
  // A cast, because a server that listens on TCP has such an address.
  const { port } = receiver.address() as AddressInfo;
  for (const path of ['taken', 'refused']) {
    await stage.gateway.endpoints.create(
      { url: `http://127.0.0.1:${port}/${path}`, secret: defaultWebhookSecret },
      Date.now(),
    );
  }
}, 60_000);

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await new Promise((resolve) => receiver.close(resolve));
});

const traceId = randomBytes(16).toString('hex');

const headers = {
  origin,
  referer: `${origin}/page-of-${canary}?query=${canary}`,
  'user-agent': `Mozilla/5.0 (${canary}) Gecko/20100101 Firefox/133.0`,
  'x-forwarded-for': '203.0.113.77',
  'idempotency-key': `key-of-${canary}`,
  traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
};

const consenting = () => ({
  consent: { accepted: true, timestamp: new Date().toISOString(), noticeVersion: '2024-01' },
  captcha: { provider: 'recaptcha', response: `ok.${randomUUID()}.${canary}` },
  attributes: { name: canary },
});

interface Body {
  readonly attemptId: string;
  readonly guestId: string;
  readonly sessionToken: string;
  readonly consentReceipt: string;
}

async function letIn() {
  const response = await stage.ask(freshPayload(consenting()), headers);
  expect(response.status).toBe(201);
  // A cast, because the answer is our own gateway's.
  return (await response.json()) as Body;
}

/** What receivers were told of an attempt and what they answered, once two of the three have. */
async function told(attemptId: string) {
  const { deliveries } = stage.gateway;
  const list = await deliveries.list({ limit: 99, attemptId });
  const bodies = await Promise.all(list.map(async ({ id }) => (await deliveries.get(id))?.body?.toString() ?? null));
  const tries = (await Promise.all(list.map(({ id }) => deliveries.tries(id)))).flat();
  return { bodies, answers: tries.map(({ response_excerpt }) => response_excerpt) };
}

async function findings(texts: readonly string[]) {
  const found = await Promise.all(
    texts.map(async (text) => [text, await tablesHolding(stage.database, text)] as const),
  );
  return found.filter(([, tables]) => tables.length > 0);
}

test('what a guest leaves stands sealed in every table, can be opened, and is gone from all of them once erased', async () => {
  const { attemptId, guestId, sessionToken, consentReceipt } = await letIn();
  const { attempts, audit } = stage.gateway;
  await expect
    .poll(async () => (await told(attemptId)).answers.filter((answer) => answer?.includes(guestId)).length, {
      timeout: 10_000,
    })
    .toBeGreaterThanOrEqual(2);
  const withdrawal = { attemptId, basis: 'Asked for by mail.', nowMs: Date.now() };
  expect(await attempts.withdrawConsent(withdrawal)).toBe(true);

  const kept = await attempts.get(attemptId);
  expect(kept).toMatchObject({
    guest_id: guestId,
    correlation_id: expect.any(String),
    consent: {
      collection: { origin, page: `/page-of-${canary}` },
      evidence: { browser: 'Firefox', network: '203.0.113.0/24' },
    },
  });
  const [shown] = await audit.page({ limit: 1, attemptId, eventType: 'WEBMESSAGING_GUEST_AUTHENTICATED' });
  expect(shown?.opened).toEqual({ guestId, correlationId: kept?.correlation_id, consent: kept?.consent });
  const before = await told(attemptId);
  expect(before.bodies.filter((body) => body?.includes(guestId))).toHaveLength(6);
  const [, receipt = ''] = consentReceipt.split('.');
  const { recordId = '', receiptId = '' } = kept?.consent ?? {};
  const personal = [canary, guestId, sessionToken, kept?.correlation_id ?? '', receipt, recordId, receiptId];
  const seen = ['203.0.113.', 'Firefox', ...personal];
  expect(seen).not.toContain('');
  expect(await findings(seen)).toEqual([]);
  expect(await tablesHolding(stage.database, traceId)).toEqual(['guestpass.attempts']);

  const counted = await stage.database.query('select count(*)::int from guestpass.audit_records');
  expect(await attempts.eraseGuest({ attemptId, basis: 'Asked for.', nowMs: Date.now() })).toBe(true);
  expect(await findings([...seen, traceId])).toEqual([]);
  expect(await attempts.get(attemptId)).toMatchObject({
    status: 'admitted',
    guest_id: null,
    correlation_id: null,
    consent: null,
  });
  const [left] = await audit.page({ limit: 1, attemptId, eventType: 'WEBMESSAGING_GUEST_AUTHENTICATED' });
  expect(left).toMatchObject({ line: shown?.line, opened: null, damage: null });
  const after = await told(attemptId);
  expect(after.bodies.filter((body) => body !== null)).toEqual(Array(3).fill(expect.stringContaining('guest.erased')));
  expect(await stage.database.query('select sealed_key from guestpass.subject_keys')).toEqual([{ sealed_key: null }]);
  expect(await audit.verify()).toMatchObject({ ok: true, records: Number(counted[0]?.count) + 1 });
});

test('what the platform said of a guest it refused is sealed and erased like that of others', async () => {
  const said = 'The platform answered 400';
  stage.simulator.faults.add({ operation: 'guest', status: 400, times: 1 });
  const response = await stage.ask(freshPayload(consenting()), { origin });
  expect(response.status).toBe(502);
  const [row] = await stage.gateway.attempts.list({ limit: 1 });
  const attemptId = row?.id ?? '';
  expect(row).toMatchObject({ status: 'failed', detail: expect.stringContaining(said) });
  const correlationId = row?.correlation_id ?? '';
  expect(correlationId).not.toBe('');
  expect((await told(attemptId)).bodies).toEqual(Array(3).fill(expect.stringContaining(correlationId)));
  expect(await findings([said, correlationId])).toEqual([]);

  expect(await stage.gateway.attempts.eraseGuest({ attemptId, basis: 'Asked for.', nowMs: Date.now() })).toBe(true);
  expect(await stage.gateway.attempts.get(attemptId)).toMatchObject({ detail: null, correlation_id: null });
  expect(await findings([said, correlationId])).toEqual([]);
});

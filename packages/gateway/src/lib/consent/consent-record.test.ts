import { generateKeyPairSync, hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { canonicalJson } from 'guestpass/audit';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { consentRecordSchema } from '../openapi/consent-record.ts';
import { parseConsentNotices } from '../settings/consent-notices.ts';
import { notice } from '../testing/consent.ts';
import { admitted, newAttemptId, noon, payload } from '../testing/guests.ts';
import { collectionOf, nowhere } from './collection.ts';
import { standingConsent } from './consent-state.ts';
import { createConsents } from './consents.ts';
import { openReceiptKeys } from './receipt-keys.ts';

const published = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`../../../schemas/${name}`, import.meta.url), 'utf8'));

const schema = published('consent-record.schema.json');
const conforms = (record: unknown) => z.fromJSONSchema(schema).safeParse(record);

async function recordOf(change: object, where = nowhere) {
  const read = parseConsentNotices(JSON.stringify([{ ...notice, ...change }]));
  if (!('notices' in read)) throw new Error(JSON.stringify(read));
  const { privateKey } = generateKeyPairSync('ed25519');
  const store = { remember: async () => {}, list: async () => [] };
  const consents = createConsents(read.notices, await openReceiptKeys({ privateKey, store, nowMs: 0 }));
  const consent = { ...payload.consent, noticeVersion: '2024-01', language: 'en' };
  const given = { payload: { ...payload, consent }, collection: () => where };
  const receipted = consents.receiptFor(admitted(newAttemptId()), given);
  if (!receipted) throw new Error('There is no receipt.');
  return { record: receipted.consent, receipt: receipted.attempt.guestPass.consentReceipt };
}

const full = { processing: ['keeping', 'sending on'], method: 'checkbox', validDays: 30 };
const browser = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';
const asked = new Headers({
  origin: 'https://shop.example',
  referer: 'https://shop.example/help/chat?customer=17#top',
  'user-agent': browser,
});

test('a record tells what was agreed to, how, when and where, and proves itself and its receipt', async () => {
  const { record, receipt } = await recordOf(full, collectionOf(asked, '203.0.113.0/24'));
  expect(record).toEqual({
    schemaVersion: 'guestpass-consent-record-1',
    recordId: expect.stringMatching(/^cns_/),
    receiptId: expect.stringMatching(/^crt_/),
    receiptSha256: expect.any(String),
    attemptId: expect.stringMatching(/^att_/),
    channelId: payload.channelId,
    controller: notice.controller,
    notice: { id: notice.id, version: '2024-01', language: 'en', url: notice.url, sha256: hash('sha256', notice.text) },
    purposes: notice.purposes,
    dataCategories: notice.dataCategories,
    processing: ['keeping', 'sending on'],
    recipients: notice.recipients,
    storageDuration: '90 days',
    consent: {
      state: 'given',
      method: 'checkbox',
      claimedAt: payload.consent.timestamp,
      receivedAt: new Date(noon).toISOString(),
      expiresAt: '2024-02-14T10:30:00.000Z',
      withdrawnAt: null,
    },
    collection: { origin: 'https://shop.example', page: '/help/chat' },
    evidence: {
      captcha: { provider: 'recaptcha', verified: true, score: 0.9 },
      browser: 'Chrome',
      network: '203.0.113.0/24',
    },
    withdrawal: notice.withdrawal,
  });
  expect(conforms(record)).toMatchObject({ success: true });
  const told = JSON.parse(Buffer.from(receipt.split('.')[1] ?? '', 'base64url').toString());
  expect(record.receiptSha256).toBe(hash('sha256', canonicalJson(told)));
  expect(told).toMatchObject({ processing: full.processing, consent: { expiresAt: '2024-02-14T10:30:00.000Z' } });
  expect(JSON.stringify(told)).not.toMatch(/Chrome|203\.0\.113|help/);
});

test('a record of which little is known conforms too, and one that holds more or less does not', async () => {
  const { record } = await recordOf({ url: undefined, recipients: undefined });
  expect(record).toMatchObject({
    collection: { origin: null, page: null },
    evidence: { browser: null, network: null },
  });
  expect(conforms(record)).toMatchObject({ success: true });
  expect(conforms({ ...record, guestId: 'canary' }).success).toBe(false);
  expect(conforms({ ...record, evidence: { ...record.evidence, network: '203.0.113.7/32' } }).success).toBe(false);
  const { withdrawal: _, ...less } = record;
  expect(conforms(less).success).toBe(false);
});

test('a consent stands until it is taken back or ends by itself, whichever is first', async () => {
  const { record } = await recordOf(full);
  const ends = Date.parse(record.consent.expiresAt ?? '');
  const at = (withdrawnAt: Date | null, nowMs: number) => standingConsent(record, withdrawnAt, nowMs);
  expect(at(null, ends - 1)).toEqual(record);
  expect(at(null, ends).consent).toMatchObject({ state: 'expired', withdrawnAt: null });
  const withdrawn = { state: 'withdrawn', withdrawnAt: new Date(noon).toISOString() };
  expect(at(new Date(noon), ends).consent).toMatchObject(withdrawn);
  expect(conforms(at(new Date(noon), noon))).toMatchObject({ success: true });
});

test('the published schema is the one that answers are described with', () => {
  const { $id, title, ...rest } = schema;
  expect([$id, title]).toEqual(['urn:guestpass:consent-record-1', 'Consent record']);
  expect(rest).toEqual(JSON.parse(JSON.stringify(z.toJSONSchema(consentRecordSchema))));
});

interface Described {
  readonly properties?: Readonly<Record<string, Described>>;
  readonly anyOf?: readonly Described[];
  readonly enum?: readonly string[];
}

type Context = Readonly<Record<string, unknown>>;

/** What each property of the schema means by the context: its path, and the term it stands for. */
function mapped(described: Described, context: Context, path = ''): readonly (readonly [string, unknown])[] {
  const parts = [described, ...(described.anyOf ?? [])];
  return parts.flatMap(({ properties = {} }) =>
    Object.entries(properties).flatMap(([name, inner]) => {
      const term = context[name];
      const { '@id': id = term, '@context': own = {} } = Object(term);
      return [[`${path}/${name}`, id] as const, ...mapped(inner, { ...context, ...own }, `${path}/${name}`)];
    }),
  );
}

/** Terms of the Data Privacy Vocabulary 2 that the mapping uses. */
const dpv = [
  'hasConsentControl',
  'hasConsentStatus',
  'hasContact',
  'hasDataController',
  'hasDataSubject',
  'hasIndicationMethod',
  'hasLocation',
  'hasName',
  'hasNotice',
  'hasPersonalData',
  'hasProcessing',
  'hasPurpose',
  'hasRecipient',
  'hasStorageCondition',
  'isIndicatedAtTime',
];

test('every property of a record has a meaning in JSON-LD, and the core ones are those of the Data Privacy Vocabulary', () => {
  const { '@context': context } = published('consent-record.context.jsonld') as { readonly '@context': Context };
  const terms = mapped(schema, context);
  expect(terms.length).toBeGreaterThan(30);
  const unmapped = terms.filter(([, id]) => id !== '@type' && !/^(?:dpv|dct|schema|guestpass):\w+$/.test(String(id)));
  expect(unmapped).toEqual([]);
  const used = terms.flatMap(([, id]) => /^dpv:(.*)$/.exec(String(id))?.[1] ?? []);
  expect(used.toSorted()).toEqual(dpv);
  const { consent } = context as { readonly consent: { readonly '@context': Context } };
  const states = consentRecordSchema.shape.consent.shape.state.options.map((state) => consent['@context'][state]);
  expect(states).toEqual(['dpv:ConsentGiven', 'dpv:ConsentWithdrawn', 'dpv:ConsentExpired']);
});

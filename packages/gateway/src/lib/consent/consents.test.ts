import { generateKeyPairSync, hash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ConsentKeys, ConsentPublicKey } from '../store/consent-keys.ts';
import { notice } from '../testing/consent.ts';
import { admitted, failed, newAttemptId, payload, unknown } from '../testing/guests.ts';
import { nowhere } from './collection.ts';
import { parseCompact, signCompact } from './compact-jws.ts';
import { createConsents } from './consents.ts';
import { openReceiptKeys } from './receipt-keys.ts';

const configured = { ...notice, sha256: hash('sha256', notice.text) };

function memoryKeys(): ConsentKeys {
  const keys: ConsentPublicKey[] = [];
  return { remember: async (key) => void keys.push(key), list: async () => keys };
}

async function open() {
  const { privateKey } = generateKeyPairSync('ed25519');
  const keys = await openReceiptKeys({ privateKey, store: memoryKeys(), nowMs: 0 });
  return { keys, consents: createConsents([configured], keys) };
}

const consenting = { ...payload, consent: { ...payload.consent, noticeVersion: '2024-01', language: 'en' } };

test('only a guest that was let in gets a receipt, and the attempt stays as it is otherwise', async () => {
  const { consents } = await open();
  const given = { payload: consenting, collection: () => nowhere };
  const id = newAttemptId();
  const attempt = admitted(id);
  const receipted = consents.receiptFor(attempt, given);
  const { consentReceipt = '', ...pass } = receipted?.attempt.guestPass ?? {};
  expect({ ...receipted?.attempt, guestPass: pass }).toEqual(attempt);
  expect(await consents.open(consentReceipt)).toMatchObject({ attemptId: id });
  expect(consents.receiptFor(failed(id), given)).toBeUndefined();
  expect(consents.receiptFor(unknown(id), given)).toBeUndefined();
});

test('each receipt has an id of its own, and holds neither guest id nor session token', async () => {
  const { consents } = await open();
  const attempt = admitted(newAttemptId());
  const [one, other] = [0, 1].map(() =>
    consents.receiptFor(attempt, { payload: consenting, collection: () => nowhere }),
  );
  expect(one?.consent.receiptId).not.toBe(other?.consent.receiptId);
  const text = parseCompact(one?.attempt.guestPass.consentReceipt ?? '')?.payload;
  expect(text).toContain(attempt.id);
  expect(text).not.toContain(attempt.guestPass.guestId);
  expect(text).not.toContain(attempt.guestPass.sessionToken);
  expect(one?.consent.receiptSha256).toBe(hash('sha256', text ?? ''));
});

test('what the key signed for another purpose is no receipt', async () => {
  const { consents, keys } = await open();
  const { consentReceipt = '' } =
    consents.receiptFor(admitted(newAttemptId()), { payload: consenting, collection: () => nowhere })?.attempt
      .guestPass ?? {};
  const told = parseCompact(consentReceipt)?.payload ?? '';
  expect(await consents.open(signCompact(told, 'other+jws', keys.signing))).toBeUndefined();
  expect(await consents.open(signCompact('{}', 'guestpass-consent-receipt+jws', keys.signing))).toBeUndefined();
  expect(await consents.open(signCompact('no JSON', 'guestpass-consent-receipt+jws', keys.signing))).toBeUndefined();
});

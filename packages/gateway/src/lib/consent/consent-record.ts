import { hash, randomUUID } from 'node:crypto';
import type { Admitted } from 'guestpass';
import type { ConsentNotice } from '../settings/consent-notices.ts';
import type { RecordedConsent } from '../store/recorded-consent.ts';
import type { Collection } from './collection.ts';
import { type ConsentReceipt, receiptText } from './receipt.ts';

export interface RecordTerms {
  readonly notice: Pick<ConsentNotice, 'method'>;
  readonly captcha: Admitted['captcha'];
  readonly collection: Collection;
}

/** What is kept of a consent: what its receipt tells, and the evidence for it. */
export function consentRecord(receipt: ConsentReceipt, { notice, captcha, collection }: RecordTerms): RecordedConsent {
  const { receiptId, attemptId, channelId, controller, purposes, dataCategories, consent } = receipt;
  const { origin, page, browser, network } = collection;
  return {
    schemaVersion: 'guestpass-consent-record-1',
    recordId: `cns_${randomUUID()}`,
    receiptId,
    receiptSha256: hash('sha256', receiptText(receipt)),
    attemptId,
    channelId,
    controller,
    notice: { ...receipt.notice, url: receipt.notice.url ?? null },
    purposes,
    dataCategories,
    processing: receipt.processing ?? [],
    recipients: receipt.recipients ?? [],
    storageDuration: receipt.storageDuration,
    consent: {
      state: consent.state,
      method: notice.method ?? 'unspecified',
      claimedAt: consent.claimedAt,
      receivedAt: consent.receivedAt,
      expiresAt: consent.expiresAt ?? null,
      withdrawnAt: null,
    },
    collection: { origin, page },
    evidence: { captcha: verdictOf(captcha), browser, network },
    withdrawal: receipt.withdrawal,
  };
}

function verdictOf(captcha: Admitted['captcha']): RecordedConsent['evidence']['captcha'] {
  return captcha && { provider: captcha.provider, verified: captcha.verified, score: captcha.score };
}

import { hash, randomUUID } from 'node:crypto';
import type { RecordedConsent } from '../store/recorded-consent.ts';

/** A notice as a file of notices holds it. */
export const notice = {
  id: 'chat-privacy',
  version: '2024-01',
  language: 'en',
  url: 'https://shop.example/privacy/2024-01',
  text: 'We process what you write in this chat to answer you.',
  purposes: ['answering the guest'],
  dataCategories: ['chat messages', 'time of consent'],
  recipients: ['Genesys Cloud, EU (Frankfurt)'],
  controller: { name: 'Shop Ltd', contact: 'privacy@shop.example' },
  storageDuration: '90 days',
  withdrawal: 'https://shop.example/privacy/withdraw',
};

/** The record of a consent to it, which ends 30 days after it was given. */
export function consentOf(attemptId: string, receivedAtMs: number): RecordedConsent {
  const { id, version, language, url, controller, purposes, dataCategories, recipients } = notice;
  return {
    schemaVersion: 'guestpass-consent-record-1',
    recordId: `cns_${randomUUID()}`,
    receiptId: `crt_${randomUUID()}`,
    receiptSha256: 'a'.repeat(64),
    attemptId,
    channelId: 'channel-1',
    controller,
    notice: { id, version, language, url, sha256: hash('sha256', notice.text) },
    purposes,
    dataCategories,
    processing: [],
    recipients,
    storageDuration: notice.storageDuration,
    consent: {
      state: 'given',
      method: 'checkbox',
      claimedAt: new Date(receivedAtMs).toISOString(),
      receivedAt: new Date(receivedAtMs).toISOString(),
      expiresAt: new Date(receivedAtMs + 30 * 86_400_000).toISOString(),
      withdrawnAt: null,
    },
    collection: { origin: 'https://shop.example', page: '/help' },
    evidence: { captcha: null, browser: 'Firefox', network: '203.0.113.0/24' },
    withdrawal: notice.withdrawal,
  };
}

import { randomUUID } from 'node:crypto';
import type { Admitted, Attempt, GuestPass, GuestPayload } from 'guestpass';
import type { ConsentNotice } from '../settings/consent-notices.ts';
import type { RecordedConsent } from '../store/recorded-consent.ts';
import type { Collection } from './collection.ts';
import { parseCompact, signCompact } from './compact-jws.ts';
import { consentRecord } from './consent-record.ts';
import { type Asked, createNoticeChoice } from './notice-choice.ts';
import type { PublicJwk } from './public-jwk.ts';
import { type ConsentReceipt, parseReceipt, receiptFor, receiptText, receiptType } from './receipt.ts';
import type { ReceiptKeys } from './receipt-keys.ts';

/** What a website gets where notices are configured: the guest pass, and the receipt to hand to the guest. */
export interface ReceiptedPass extends GuestPass {
  /** JWS in compact form, signed with Ed25519. */
  readonly consentReceipt: string;
}

/** A guest that was let in with a receipt, and what goes on record of it. */
export interface Receipted {
  readonly attempt: Admitted & { readonly guestPass: ReceiptedPass };
  readonly consent: RecordedConsent;
}

/** What is known of a request to let a guest in. */
export interface Given {
  readonly payload: GuestPayload;
  /** Where it came from; asked for a receipt alone. */
  readonly collection: () => Collection;
}

/** Notices, and receipts for those who consented to them. */
export interface Consents {
  /** False when the channel has notices and the consent names none of them. */
  isKnownNotice(asked: Asked): boolean;
  /** Writes a receipt for a guest that was let in; `undefined` for any other attempt, and where the channel has no notice. */
  receiptFor(attempt: Attempt, given: Given): Receipted | undefined;
  /** Whose receipt this is; `undefined` unless the fleet has signed it. */
  open(receipt: string): Promise<Pick<ConsentReceipt, 'receiptId' | 'attemptId'> | undefined>;
  /** Every public key receipts were signed with, oldest first. */
  publicKeys(): Promise<readonly PublicJwk[]>;
}

export function createConsents(notices: readonly ConsentNotice[], keys: ReceiptKeys): Consents {
  const choice = createNoticeChoice(notices);
  return {
    isKnownNotice: (asked) => !choice.covers(asked.channelId) || choice.choose(asked) !== undefined,
    receiptFor(attempt, { payload, collection }) {
      const notice = attempt.outcome === 'admitted' ? choice.choose(payload) : undefined;
      if (attempt.outcome !== 'admitted' || !notice) return undefined;
      const where = collection();
      const receipt = receiptFor(attempt, {
        receiptId: `crt_${randomUUID()}`,
        notice,
        payload,
        origin: where.origin,
      });
      const consentReceipt = signCompact(receiptText(receipt), receiptType, keys.signing);
      return {
        attempt: { ...attempt, guestPass: { ...attempt.guestPass, consentReceipt } },
        consent: consentRecord(receipt, { notice, captcha: attempt.captcha, collection: where }),
      };
    },
    async open(text) {
      const jws = parseCompact(text);
      if (jws?.header.typ !== receiptType) return undefined;
      const publicKey = await keys.find(jws.header.kid);
      return publicKey && jws.isSignedBy(publicKey) ? parseReceipt(jws.payload) : undefined;
    },
    publicKeys: () => keys.list(),
  };
}

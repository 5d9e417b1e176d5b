import type { Admitted, GuestPayload } from 'guestpass';
import { canonicalJson } from 'guestpass/audit';
import * as z from 'zod';
import type { ConsentNotice } from '../settings/consent-notices.ts';

const schemaVersion = 'guestpass-consent-1';

/** What `typ` says of a signed receipt. */
export const receiptType = 'guestpass-consent-receipt+jws';

/** To what a guest consented, when, where and with whom: what the guest is given. Names nobody. */
export interface ConsentReceipt {
  readonly schemaVersion: typeof schemaVersion;
  /** `crt_` and a UUID. */
  readonly receiptId: string;
  /** The subject: the attempt that let the guest in. */
  readonly attemptId: string;
  readonly channelId: string;
  readonly controller: ConsentNotice['controller'];
  readonly notice: Pick<ConsentNotice, 'id' | 'version' | 'language' | 'url' | 'sha256'>;
  readonly purposes: readonly string[];
  readonly dataCategories: readonly string[];
  readonly processing?: readonly string[];
  readonly recipients?: readonly string[];
  readonly storageDuration: string;
  /** How the consent is taken back. */
  readonly withdrawal: string;
  readonly consent: {
    readonly state: 'given';
    /** As the website told it. */
    readonly claimedAt: string;
    /** By our own clock. */
    readonly receivedAt: string;
    /** When it ends by itself, where the notice says so. */
    readonly expiresAt?: string;
    /** Of the website; `null` when the request named none. */
    readonly origin: string | null;
  };
}

export interface ReceiptTerms {
  readonly receiptId: string;
  readonly notice: ConsentNotice;
  readonly payload: Pick<GuestPayload, 'channelId' | 'consent'>;
  readonly origin: string | null;
}

/** Writes down what the guest consented to. */
export function receiptFor({ id, startedAt }: Admitted, terms: ReceiptTerms): ConsentReceipt {
  const { receiptId, notice, payload, origin } = terms;
  const { id: noticeId, version, language, url, sha256, processing, recipients } = notice;
  const expiresAt = expiryOf(startedAt, notice);
  return {
    schemaVersion,
    receiptId,
    attemptId: id,
    channelId: payload.channelId,
    controller: notice.controller,
    notice: { id: noticeId, version, language, ...(url !== undefined && { url }), sha256 },
    purposes: notice.purposes,
    dataCategories: notice.dataCategories,
    ...(processing && { processing }),
    ...(recipients && { recipients }),
    storageDuration: notice.storageDuration,
    withdrawal: notice.withdrawal,
    consent: {
      state: 'given',
      claimedAt: payload.consent.timestamp,
      receivedAt: startedAt,
      ...(expiresAt !== undefined && { expiresAt }),
      origin,
    },
  };
}

const dayMs = 86_400_000;

function expiryOf(receivedAt: string, { validDays }: ConsentNotice): string | undefined {
  return validDays === undefined ? undefined : new Date(Date.parse(receivedAt) + validDays * dayMs).toISOString();
}

/** The text that is signed: RFC 8785, so that whoever has the values has the hash. */
export function receiptText(receipt: ConsentReceipt): string {
  return canonicalJson(receipt);
}

const namesSchema = z.object({
  schemaVersion: z.literal(schemaVersion),
  receiptId: z.string(),
  attemptId: z.string(),
});

/** Which receipt this is, and whose; `undefined` for what is no receipt. */
export function parseReceipt(text: string): Pick<ConsentReceipt, 'receiptId' | 'attemptId'> | undefined {
  try {
    return namesSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

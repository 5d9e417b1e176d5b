/**
 * The record of one consent: what was agreed to, with whom, how, when and where, with the fields of ISO/IEC TS 27560. It
 * names the guest by the attempt alone, and is kept sealed.
 */
export interface RecordedConsent {
  readonly schemaVersion: 'guestpass-consent-record-1';
  /** `cns_` and a UUID. */
  readonly recordId: string;
  /** Of the receipt the guest was given. */
  readonly receiptId: string;
  /** Of what that receipt tells, in RFC 8785 form, lower-case hex: record and receipt prove each other. */
  readonly receiptSha256: string;
  /** The subject, by a name that says nothing of who it is. */
  readonly attemptId: string;
  readonly channelId: string;
  readonly controller: { readonly name: string; readonly contact: string };
  readonly notice: {
    readonly id: string;
    readonly version: string;
    readonly language: string;
    readonly url: string | null;
    /** Of the exact text, lower-case hex. */
    readonly sha256: string;
  };
  readonly purposes: readonly string[];
  readonly dataCategories: readonly string[];
  /** What is done with the data. */
  readonly processing: readonly string[];
  readonly recipients: readonly string[];
  readonly storageDuration: string;
  readonly consent: {
    /** `given` when the record is written. */
    readonly state: 'given' | 'withdrawn' | 'expired';
    /** How the website let the guest say so. */
    readonly method: ConsentMethod;
    /** As the website told it. */
    readonly claimedAt: string;
    /** ISO 8601 instant by our own clock. */
    readonly receivedAt: string;
    /** When it ends by itself; `null` where the notice sets no end. */
    readonly expiresAt: string | null;
    /** When it was put on record that it was taken back. */
    readonly withdrawnAt: string | null;
  };
  readonly collection: {
    /** Of the website; `null` when the request named none. */
    readonly origin: string | null;
    /** The path of the page, without query; `null` when the request did not tell it. */
    readonly page: string | null;
  };
  readonly evidence: {
    readonly captcha: { readonly provider: string; readonly verified: boolean; readonly score: number | null } | null;
    /** The family alone, such as `Firefox`; `null` when the request did not say. */
    readonly browser: string | null;
    /** The /24 of an IPv4 address, or the /48 of an IPv6 one; `null` when there is none. */
    readonly network: string | null;
  };
  /** How the consent is taken back. */
  readonly withdrawal: string;
}

export type ConsentMethod = 'checkbox' | 'button' | 'statement' | 'unspecified';

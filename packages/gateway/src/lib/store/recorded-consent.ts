/**
 * The consent of a guest that was let in, as the audit log tells it beside attempt, channel and claimed instant. Names
 * nobody: whose it is, is the attempt's.
 */
export interface RecordedConsent {
  readonly schemaVersion: string;
  readonly receiptId: string;
  readonly noticeId: string;
  readonly noticeVersion: string;
  readonly language: string;
  /** Of the exact text, lower-case hex. */
  readonly noticeSha256: string;
  readonly purposes: readonly string[];
  readonly state: 'given';
  /** ISO 8601 instant by our own clock. */
  readonly receivedAt: string;
  /** Of the website; `null` when the request named none. */
  readonly origin: string | null;
  /** Of what the receipt tells, in RFC 8785 form, lower-case hex: the log and the guest's receipt prove each other. */
  readonly receiptSha256: string;
}

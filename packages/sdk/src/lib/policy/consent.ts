import type { GuestPayload } from '../contract/guest-payload.ts';
import { GuestpassError } from '../errors.ts';

/** How fresh a consent must be. Nothing is asked of its age unless set. */
export interface ConsentPolicy {
  /** Consent older than this is refused, in milliseconds. Default: any age. */
  readonly maxAgeMs?: number | undefined;
  /** Consent further in the future than this is refused, in milliseconds. Default: any instant. */
  readonly maxSkewMs?: number | undefined;
  /** Whether the channel has the notice that the consent names. Default: nobody asks. */
  readonly isKnownNotice?: ((asked: Pick<GuestPayload, 'channelId' | 'consent'>) => boolean) | undefined;
}

/** The reason to refuse, or `undefined` when the consent stands. `nowMs` is our own clock, which decides. */
export function refuseConsent(
  consent: GuestPayload['consent'],
  policy: ConsentPolicy,
  nowMs: number,
): GuestpassError | undefined {
  if (!consent.accepted) return new GuestpassError('consent_required', 'The guest did not accept.');
  const { maxAgeMs = Number.POSITIVE_INFINITY, maxSkewMs = Number.POSITIVE_INFINITY } = policy;
  if (maxAgeMs === Number.POSITIVE_INFINITY && maxSkewMs === Number.POSITIVE_INFINITY) return undefined;
  const ageMs = nowMs - Date.parse(consent.timestamp);
  if (ageMs > maxAgeMs) {
    return new GuestpassError('consent_timestamp_stale', `The consent is older than ${maxAgeMs / 1000} s.`);
  }
  if (-ageMs > maxSkewMs) {
    return new GuestpassError(
      'consent_timestamp_future',
      `The consent lies more than ${maxSkewMs / 1000} s in the future.`,
    );
  }
  return undefined;
}

/** The reason to refuse a consent to a notice that nobody here knows, or `undefined`. */
export function refuseNotice(
  asked: Pick<GuestPayload, 'channelId' | 'consent'>,
  { isKnownNotice }: ConsentPolicy,
): GuestpassError | undefined {
  if (!isKnownNotice || isKnownNotice(asked)) return undefined;
  const detail =
    asked.consent.noticeVersion === undefined
      ? 'The consent does not say to which notice it was given.'
      : 'The channel has no notice of this version and language.';
  return new GuestpassError('consent_notice_unknown', detail);
}

/** What is known about one error code, wherever it is told: SDK, command line, gateway, docs. */
export interface ErrorEntry {
  /** Status the gateway answers with; `null` for errors that end a process before it serves. */
  readonly httpStatus: number | null;
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  readonly meaning: string;
  readonly cause: string;
  /** Words fit for the visitor: no internals, no blame. */
  readonly visitor: string;
  /** What the operator or developer does next. */
  readonly remedy: string;
}

const tryAgainLater = 'We could not start the chat just now. Please try again in a moment.';
const notNow = 'We could not start the chat. Please try again later or contact us another way.';
const reload = 'Something went wrong on this page. Please reload it and try again.';

/** Every code Guestpass uses. `docs/errors.md` is generated from this table. */
export const errorTable = {
  payload_invalid: {
    httpStatus: 422,
    retryable: false,
    meaning: 'The guest payload does not have the required shape.',
    cause: 'A field is missing, unknown, of the wrong type or out of its range.',
    visitor: reload,
    remedy: 'Correct every field listed in `errors`; nothing was sent.',
  },
  body_invalid: {
    httpStatus: 400,
    retryable: false,
    meaning: 'The request body is not usable JSON.',
    cause: 'Broken JSON or UTF-8, duplicate or forbidden keys, or too deep a nesting.',
    visitor: reload,
    remedy: 'Send one well-formed JSON object in UTF-8.',
  },
  body_too_large: {
    httpStatus: 413,
    retryable: false,
    meaning: 'The request body is larger than the limit.',
    cause: 'The payload holds more than the gateway accepts.',
    visitor: reload,
    remedy: 'Send a smaller payload; attributes may hold at most 8 KiB.',
  },
  unsupported_media_type: {
    httpStatus: 415,
    retryable: false,
    meaning: 'The request body is not declared as plain JSON.',
    cause: 'Another Content-Type, charset or Content-Encoding was sent.',
    visitor: reload,
    remedy: 'Send `Content-Type: application/json` and no Content-Encoding.',
  },
  consent_required: {
    httpStatus: 422,
    retryable: false,
    meaning: 'The guest did not consent.',
    cause: '`consent.accepted` is not `true`.',
    visitor: 'Please accept the privacy notice to start the chat.',
    remedy: 'Ask for consent and send `consent.accepted: true` only after it was given.',
  },
  consent_timestamp_invalid: {
    httpStatus: 422,
    retryable: false,
    meaning: 'The consent timestamp is not a real instant.',
    cause: '`consent.timestamp` is not an ISO 8601 date and time with a zone, or names a day that does not exist.',
    visitor: reload,
    remedy: 'Send an instant such as `2024-01-15T10:30:00Z`.',
  },
  consent_timestamp_stale: {
    httpStatus: 422,
    retryable: false,
    meaning: 'The consent was given too long ago.',
    cause: '`consent.timestamp` is older than the consent policy allows.',
    visitor: 'Your consent has expired. Please accept the privacy notice again.',
    remedy: 'Ask for consent again, or widen the allowed age in the consent policy.',
  },
  consent_timestamp_future: {
    httpStatus: 422,
    retryable: false,
    meaning: 'The consent timestamp lies in the future.',
    cause: "The guest's clock is ahead, or the timestamp was made up.",
    visitor: 'Please check the date and time of your device and try again.',
    remedy: "Correct the sender's clock, or widen the allowed skew in the consent policy.",
  },
  captcha_required: {
    httpStatus: 422,
    retryable: false,
    meaning: 'A captcha is required and was not sent.',
    cause: 'The captcha, or the score the policy asks for, is absent.',
    visitor: 'Please complete the check that you are not a robot.',
    remedy: 'Send `captcha` with the answer, or make the captcha policy `optional`.',
  },
  captcha_score_too_low: {
    httpStatus: 403,
    retryable: false,
    meaning: 'The captcha score is below the threshold.',
    cause: 'The captcha judged the visitor likely to be a robot.',
    visitor: 'We could not confirm that you are not a robot. Please try again.',
    remedy: 'Let the visitor solve a fresh captcha, or lower the threshold in the captcha policy.',
  },
  captcha_rejected: {
    httpStatus: 403,
    retryable: false,
    meaning: 'The captcha provider did not accept the answer.',
    cause: 'The answer is wrong, expired, or was made for another site.',
    visitor: 'The check did not succeed. Please try it again.',
    remedy: 'Let the visitor solve a fresh captcha; check site key and secret when it happens to all.',
  },
  captcha_reused: {
    httpStatus: 409,
    retryable: false,
    meaning: 'The captcha answer was used before.',
    cause: 'A captcha answer is good once, and this one was presented again.',
    visitor: 'Please complete the check again.',
    remedy: 'Fetch a fresh captcha answer for each attempt.',
  },
  captcha_unavailable: {
    httpStatus: 503,
    retryable: true,
    meaning: 'The captcha could not be verified.',
    cause: 'The captcha provider did not answer, or answered nonsense.',
    visitor: tryAgainLater,
    remedy: 'Try again with a fresh captcha answer; check the provider when it lasts.',
  },
  channel_not_allowed: {
    httpStatus: 403,
    retryable: false,
    meaning: 'The channel is not on the list of known channels.',
    cause: '`channelId` is misspelled, retired, or belongs to another workspace.',
    visitor: notNow,
    remedy: 'Use a listed channel, or add this one to the allowed channels.',
  },
  origin_not_allowed: {
    httpStatus: 403,
    retryable: false,
    meaning: 'The web page may not use this channel.',
    cause: 'The Origin of the request is not on the list of the channel.',
    visitor: notNow,
    remedy: 'Add the exact origin of the page to the channel.',
  },
  idempotency_key_invalid: {
    httpStatus: 400,
    retryable: false,
    meaning: 'The idempotency key is not usable.',
    cause: 'The key is not 16 to 128 characters of letters, digits, `_` and `-`.',
    visitor: reload,
    remedy: 'Send a fresh random key, such as a UUID, for each new guest.',
  },
  idempotency_key_reused: {
    httpStatus: 422,
    retryable: false,
    meaning: 'The idempotency key belongs to another payload.',
    cause: 'One key was used for two different payloads.',
    visitor: reload,
    remedy: 'Use a new key for a new payload.',
  },
  idempotency_in_progress: {
    httpStatus: 409,
    retryable: true,
    meaning: 'An attempt with this idempotency key is still running.',
    cause: 'The same request was sent again before the first one ended.',
    visitor: tryAgainLater,
    remedy: 'Wait a second and ask again with the same key.',
  },
  too_many_requests: {
    httpStatus: 429,
    retryable: true,
    meaning: 'The caller exceeded our own rate limit.',
    cause: 'Too many attempts from one address, network or channel.',
    visitor: 'There were too many attempts. Please wait a moment.',
    remedy: 'Wait as long as Retry-After says, or raise the limit.',
  },
  credentials_rejected: {
    httpStatus: 502,
    retryable: false,
    meaning: 'The platform refused the OAuth client.',
    cause: 'Client id or secret is wrong, or the client is disabled or lacks the scope.',
    visitor: notNow,
    remedy: 'Check client id, secret, scope and environment; rotate the secret if it leaked or expired.',
  },
  unauthorized: {
    httpStatus: 502,
    retryable: false,
    meaning: 'The platform refused a freshly issued access token.',
    cause: 'Token and guests path belong to different environments, or the client was disabled.',
    visitor: notNow,
    remedy: 'Check that the token host and the API host belong to the same environment.',
  },
  forbidden: {
    httpStatus: 502,
    retryable: false,
    meaning: 'The platform forbids this client or channel.',
    cause: 'The client lacks the scope or role, or the channel is disabled or belongs to another workspace.',
    visitor: notNow,
    remedy: 'Grant the client `webmessaging:guest:create`, and check that the channel is active in this environment.',
  },
  endpoint_not_found: {
    httpStatus: 502,
    retryable: false,
    meaning: 'The platform does not know the guests path.',
    cause: 'The guests path is not part of the published Genesys Cloud API.',
    visitor: notNow,
    remedy: 'Use the `web-messaging` issuer for a real organization, or correct the guests path.',
  },
  request_rejected: {
    httpStatus: 502,
    retryable: false,
    meaning: 'The platform rejected the guest request.',
    cause: 'A field does not satisfy the platform; its own details are kept in `errors`.',
    visitor: notNow,
    remedy: "Read the platform's details, correct the payload or the channel, and send a new attempt.",
  },
  rate_limited: {
    httpStatus: 503,
    retryable: true,
    meaning: 'The platform is limiting our requests.',
    cause: 'The requests per minute of this client are used up, and the retries are spent.',
    visitor: tryAgainLater,
    remedy: 'Wait as long as Retry-After says; spread the load or ask for a higher limit when it lasts.',
  },
  platform_unavailable: {
    httpStatus: 503,
    retryable: true,
    meaning: 'The platform could not be reached or is out of service.',
    cause: 'The connection failed, or the platform answered with a server error; no guest was created.',
    visitor: tryAgainLater,
    remedy: 'Try again later; check the network, the environment name and the status page.',
  },
  platform_response_invalid: {
    httpStatus: 502,
    retryable: false,
    meaning: 'The platform answered something that is not a guest.',
    cause: 'The answer is not JSON, lacks required fields, or comes from something else on the way.',
    visitor: notNow,
    remedy: 'Check what stands between here and the platform; look the attempt up before repeating it.',
  },
  outcome_unknown: {
    httpStatus: 504,
    retryable: false,
    meaning: 'The request was sent and its outcome is not known.',
    cause: 'The connection broke or a gateway gave up after the request was sent; the guest may exist.',
    visitor: notNow,
    remedy: 'Look the attempt up by its correlation id before repeating it.',
  },
  deadline_exceeded: {
    httpStatus: 504,
    retryable: true,
    meaning: 'The time for this attempt was used up before anything was created.',
    cause: 'Token, platform or waiting took longer than the deadline.',
    visitor: tryAgainLater,
    remedy: 'Try again, or allow a longer deadline.',
  },
  aborted: {
    httpStatus: 499,
    retryable: true,
    meaning: 'The caller gave the attempt up.',
    cause: 'The abort signal fired before anything was created.',
    visitor: tryAgainLater,
    remedy: 'Nothing; start a new attempt when it is wanted.',
  },
  overloaded: {
    httpStatus: 503,
    retryable: true,
    meaning: 'Too many attempts are waiting here.',
    cause: 'More attempts are pending than the configured bound.',
    visitor: tryAgainLater,
    remedy: 'Send fewer attempts at once, or raise the bound.',
  },
  storage_unavailable: {
    httpStatus: 503,
    retryable: true,
    meaning: 'The audit record could not be stored.',
    cause: 'The disk is full, the file is locked or not writable, or the database is down.',
    visitor: tryAgainLater,
    remedy: 'Make the audit store writable again; no guest is admitted without a record.',
  },
  config_invalid: {
    httpStatus: null,
    retryable: false,
    meaning: 'The configuration is not usable.',
    cause: 'A setting is missing, unknown, contradictory or out of range.',
    visitor: notNow,
    remedy: 'Correct every setting listed; nothing was started.',
  },
} as const satisfies Record<string, ErrorEntry>;

/** A stable name for what went wrong. */
export type ErrorCode = keyof typeof errorTable;

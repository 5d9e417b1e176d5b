import { defineSetting, line, list, oneOf, wholeNumber } from 'guestpass/settings';
import {
  captchaHosts,
  databaseAddress,
  flag,
  masterKey,
  networks,
  ownToken,
  receiverAddress,
  signingKey,
  token,
  tryDelays,
  webAddress,
  webhookSecret,
  websites,
} from './setting-values.ts';
import { signInSettings } from './sign-in-settings.ts';

const port = wholeNumber(0, 65_535);
const count = wholeNumber(1, 1_000_000);
const spanMs = wholeNumber(0, 600_000);
const days = wholeNumber(0, 36_500);

/** Where the gateway listens, and whom it lets ask. */
const listenerSettings = {
  host: defineSetting('GUESTPASS_HOST', line(255), {
    aliases: ['HOST'],
    doc: 'Address the public listener listens on.',
    fallback: '127.0.0.1',
  }),
  port: defineSetting('GUESTPASS_PORT', port, {
    aliases: ['PORT'],
    doc: 'Port of the public listener; 0 is any free one.',
    fallback: '4000',
  }),
  operatorHost: defineSetting('GUESTPASS_OPERATOR_HOST', line(255), {
    doc: 'Address the operator listener listens on.',
    fallback: '127.0.0.1',
  }),
  operatorPort: defineSetting('GUESTPASS_OPERATOR_PORT', port, {
    doc: 'Port of the operator listener; 0 is any free one.',
    fallback: '4001',
  }),
  operatorToken: defineSetting('GUESTPASS_OPERATOR_TOKEN', ownToken(32), {
    doc: 'Bearer token of the operator listener, at least 32 random characters; `GUESTPASS_OPERATOR_TOKEN_FILE` names a file that holds it.',
    fallback: 'a fresh one for each start, or none where `GUESTPASS_OPERATORS_FILE` is set',
    secret: true,
  }),
  operatorsFile: defineSetting('GUESTPASS_OPERATORS_FILE', line(4_096), {
    doc: 'JSON file of operators who have a name and a role of their own, beside the one token or in its place; it is read again when it changes.',
    fallback: 'none: whoever has the one token is an admin named `operator`',
  }),
  publicUrl: defineSetting('GUESTPASS_PUBLIC_URL', webAddress, {
    doc: 'Address browsers know the public listener by. Its pages may use every channel.',
    fallback: 'where it listens',
  }),
  guestNotice: defineSetting('GUESTPASS_GUEST_NOTICE', line(4_000), {
    doc: 'What visitors of the guest page consent to. The hash of the text goes on record with each consent.',
    fallback: 'a text that names what is kept',
  }),
  consentNotices: defineSetting('GUESTPASS_CONSENT_NOTICES', line(4_096), {
    doc: 'JSON file of the notices guests may consent to, each for every channel or for some. A guest of such a channel must name one of them, and gets a signed receipt.',
    fallback: 'none: any notice will do, and there are no receipts',
  }),
  consentKey: defineSetting('GUESTPASS_CONSENT_KEY', signingKey, {
    doc: 'Ed25519 private key in PEM that signs consent receipts; `GUESTPASS_CONSENT_KEY_FILE` names a file that holds it. Without notices it lets receipts of before be taken back.',
    fallback: 'with notices, one kept beside the master key',
    secret: true,
  }),
  docsUrl: defineSetting('GUESTPASS_DOCS_URL', webAddress, {
    doc: 'Page that explains the error codes, linked from error answers.',
    fallback: '/docs/errors',
  }),
  allowedOrigins: defineSetting('GUESTPASS_ALLOWED_ORIGINS', websites, {
    doc: 'Websites that may let guests in, separated by commas: `https://www.example.com` for every channel, `channel=https://www.example.com` for one.',
    fallback: 'none but the pages of the gateway itself',
  }),
  requireOrigin: defineSetting('GUESTPASS_REQUIRE_ORIGIN', flag, {
    doc: '`true`: a request without an Origin header is refused too.',
    fallback: '`true` when origins are allowed, else `false`',
  }),
  requireIdempotencyKey: defineSetting('GUESTPASS_REQUIRE_IDEMPOTENCY_KEY', flag, {
    doc: '`true`: a request for a guest without an Idempotency-Key header is refused with `idempotency_key_invalid`.',
    fallback: '`false`',
  }),
  trustedProxies: defineSetting('GUESTPASS_TRUSTED_PROXIES', networks, {
    doc: 'Addresses and networks of proxies whose X-Forwarded-For is believed, separated by commas.',
    fallback: 'none',
  }),
} as const;

/** How much the gateway takes on. */
const limitSettings = {
  ratePerAddress: defineSetting('GUESTPASS_RATE_PER_ADDRESS', count, {
    doc: 'Guests asked for in a minute from one IPv4 address or IPv6 /64.',
    fallback: '10',
  }),
  ratePerSubnet: defineSetting('GUESTPASS_RATE_PER_SUBNET', count, {
    doc: 'Guests asked for in a minute from one IPv4 /24 or IPv6 /48.',
    fallback: '60',
  }),
  ratePerChannel: defineSetting('GUESTPASS_RATE_PER_CHANNEL', count, {
    doc: 'Guests asked for in a minute for one channel.',
    fallback: '600',
  }),
  rateTotal: defineSetting('GUESTPASS_RATE_TOTAL', count, {
    doc: 'Guests asked for in a minute in all. Gateways of one database count all four rates together.',
    fallback: '3000',
  }),
  maxConnections: defineSetting('GUESTPASS_MAX_CONNECTIONS', count, {
    doc: 'Connections to the public listener.',
    fallback: '2000',
  }),
  maxConnectionsPerAddress: defineSetting('GUESTPASS_MAX_CONNECTIONS_PER_ADDRESS', count, {
    doc: 'Connections to the public listener from one IPv4 address or IPv6 /64; trusted proxies may have any number.',
    fallback: '100',
  }),
  maxInFlight: defineSetting('GUESTPASS_MAX_IN_FLIGHT', count, {
    doc: 'Requests worked on at once; more are turned away with `overloaded`.',
    fallback: '500',
  }),
  maxEventLoopDelayMs: defineSetting('GUESTPASS_MAX_EVENT_LOOP_DELAY_MS', wholeNumber(10, 60_000), {
    doc: 'Requests are turned away with `overloaded` while the process is later than this with its work, in milliseconds.',
    fallback: '250',
  }),
  maxMemoryMb: defineSetting('GUESTPASS_MAX_MEMORY_MB', wholeNumber(64, 1_048_576), {
    doc: 'Requests are turned away with `overloaded` while the process holds more memory than this, in MiB.',
    fallback: '85 % of what the container or the machine has',
  }),
  maxRecordWaitMs: defineSetting('GUESTPASS_MAX_RECORD_WAIT_MS', wholeNumber(10, 60_000), {
    doc: 'Requests are turned away with `overloaded` while a record waits longer than this for the database, in milliseconds.',
    fallback: '2000',
  }),
  maxPendingDeliveries: defineSetting('GUESTPASS_MAX_PENDING_DELIVERIES', count, {
    doc: 'Requests are turned away with `overloaded` while more deliveries than this are pending.',
    fallback: '100000',
  }),
  minFreeDiskMb: defineSetting('GUESTPASS_MIN_FREE_DISK_MB', wholeNumber(0, 1_048_576), {
    doc: 'Requests are turned away with `overloaded`, and the gateway is not ready, while less than this is free on the disk of the embedded database or of the checkpoints, in MiB; 5 % of a disk will do where that is less. 0: disks are not looked at.',
    fallback: '200',
  }),
  circuitBreaker: defineSetting('GUESTPASS_CIRCUIT_BREAKER', flag, {
    doc: '`false`: a platform or captcha provider that keeps failing is asked for every guest all the same, whatever the issuer. Else it is left alone for 5 to 60 seconds, and guests are answered `platform_unavailable` or `captcha_unavailable` at once.',
    fallback: '`true`',
  }),
  drainDelayMs: defineSetting('GUESTPASS_DRAIN_DELAY_MS', spanMs, {
    doc: 'How long requests are still taken after the gateway has been told to stop and says that it is not ready, in milliseconds.',
    fallback: '5000',
  }),
  drainGraceMs: defineSetting('GUESTPASS_DRAIN_GRACE_MS', spanMs, {
    doc: 'How long requests under way may take to end after that, in milliseconds.',
    fallback: '10000',
  }),
} as const;

/** What is kept, and who is told. */
const bookSettings = {
  databaseUrl: defineSetting('GUESTPASS_DATABASE_URL', databaseAddress, {
    doc: 'PostgreSQL 15 to 18; `GUESTPASS_DATABASE_URL_FILE` names a file that holds it.',
    fallback: 'an embedded PostgreSQL',
    secret: true,
  }),
  databaseDirectory: defineSetting('GUESTPASS_DATABASE_DIRECTORY', line(4_096), {
    doc: 'Data directory of the embedded PostgreSQL; created when it is not there.',
    fallback: '.guestpass/postgres',
  }),
  masterKey: defineSetting('GUESTPASS_MASTER_KEY', masterKey, {
    doc: 'Seals session tokens and secrets in the database: at least 32 bytes in base64 or hexadecimal, the same for every gateway of one database; `GUESTPASS_MASTER_KEY_FILE` names a file that holds it.',
    fallback: 'one kept beside the embedded PostgreSQL; none for a database of your own',
    secret: true,
  }),
  checkpointKey: defineSetting('GUESTPASS_AUDIT_CHECKPOINT_KEY', signingKey, {
    doc: 'Ed25519 private key in PEM that signs the checkpoints of the audit log; `GUESTPASS_AUDIT_CHECKPOINT_KEY_FILE` names a file that holds it.',
    fallback: 'one kept beside the checkpoints',
    secret: true,
  }),
  previousCheckpointKey: defineSetting('GUESTPASS_AUDIT_PREVIOUS_CHECKPOINT_KEY', signingKey, {
    doc: 'The checkpoint key before, while it hands over: the next checkpoint is signed with both. Needed for one start; `GUESTPASS_AUDIT_PREVIOUS_CHECKPOINT_KEY_FILE` names a file that holds it.',
    fallback: 'none',
    secret: true,
  }),
  checkpointFile: defineSetting('GUESTPASS_AUDIT_CHECKPOINT_FILE', line(4_096), {
    doc: 'JSON lines file signed checkpoints are appended to. It belongs on another volume than the database.',
    fallback: '.guestpass/checkpoints.jsonl',
  }),
  personalDataDays: defineSetting('GUESTPASS_RETENTION_PERSONAL_DATA_DAYS', days, {
    doc: 'Days after its end that what is personal in an attempt is kept: guest id, guest pass, webhook bodies, and the key of what the audit log holds sealed. 0: for ever.',
    fallback: '90',
  }),
  recordsDays: defineSetting('GUESTPASS_RETENTION_RECORDS_DAYS', days, {
    doc: 'Days that the rest of an attempt is kept, and records of the audit log where `GUESTPASS_AUDIT_ARCHIVE_DIRECTORY` takes them. 0: for ever.',
    fallback: '2192, six years',
  }),
  archiveDirectory: defineSetting('GUESTPASS_AUDIT_ARCHIVE_DIRECTORY', line(4_096), {
    doc: 'Directory that the oldest audit records move to, in signed files, when their time is up.',
    fallback: 'none: they stay in the database',
  }),
  webhookUrl: defineSetting('GUESTPASS_WEBHOOK_URL', receiverAddress, {
    doc: 'Receiver that is told of every outcome. More are managed through the operator listener.',
    fallback: 'none',
  }),
  webhookSecret: defineSetting('GUESTPASS_WEBHOOK_SECRET', webhookSecret, {
    doc: 'Secret that signs what that receiver is told: `whsec_` and base64; `GUESTPASS_WEBHOOK_SECRET_FILE` names a file that holds it. A new one signs as soon as it is read, beside the old one for a day.',
    fallback: 'none',
    secret: true,
  }),
  webhookSchedule: defineSetting('GUESTPASS_WEBHOOK_SCHEDULE', tryDelays, {
    doc: 'Delay before each try to deliver a webhook, separated by commas: 1 to 50 spans such as `0s,5s,5m,30m,2h`, the first `0s`, the others from `1s` to `7d`. After the last try it is given up.',
    fallback: '`0s,5s,5m,30m,2h,5h,10h,14h,20h,24h`',
  }),
  webhookNetworks: defineSetting('GUESTPASS_WEBHOOK_NETWORKS', networks, {
    doc: 'Addresses and networks receivers may have although they are not public, separated by commas.',
    fallback: 'none',
  }),
  insecureWebhooks: defineSetting('GUESTPASS_INSECURE_WEBHOOKS', flag, {
    doc: '`true`: receivers may use http and any port. What they are told is then readable on the way.',
    fallback: '`false`',
  }),
  logLevel: defineSetting('GUESTPASS_LOG_LEVEL', oneOf('debug', 'info', 'warn', 'error', 'silent'), {
    aliases: ['LOG_LEVEL'],
    doc: 'What the log leaves out: everything below this level.',
    fallback: 'info',
  }),
} as const;

/** Who verifies captchas. */
const captchaSettings = {
  captchaPolicy: defineSetting('GUESTPASS_CAPTCHA_POLICY', oneOf('optional', 'required', 'verified'), {
    doc: '`verified`: a provider must have confirmed the captcha. `required`: captcha and score must be there. `optional`: both may be absent.',
    fallback: 'verified',
  }),
  unverifiedChannels: defineSetting('GUESTPASS_CAPTCHA_UNVERIFIED_CHANNELS', list, {
    doc: 'Channels, separated by commas, whose guests are let in while their captcha provider is out of service; records and webhooks of these guests say so.',
    fallback: 'none: what cannot be verified is refused with `captcha_unavailable`',
  }),
  altchaSecret: defineSetting('GUESTPASS_ALTCHA_SECRET', ownToken(32), {
    doc: 'Signs the challenges of ALTCHA, the captcha that needs no account: at least 32 random characters, the same for every gateway of a fleet. `GUESTPASS_ALTCHA_SECRET_FILE` names a file that holds it.',
    fallback: 'derived from the master key',
    secret: true,
  }),
  recaptchaSecret: secretOf('RECAPTCHA', 'reCAPTCHA'),
  hcaptchaSecret: secretOf('HCAPTCHA', 'hCaptcha'),
  turnstileSecret: secretOf('TURNSTILE', 'Turnstile'),
  captchaHostnames: defineSetting('GUESTPASS_CAPTCHA_HOSTNAMES', captchaHosts, {
    doc: 'Host names captchas may have been solved on, separated by commas: `www.example.com` for every channel, `channel=www.example.com` for one.',
    fallback: 'any',
  }),
  captchaAction: defineSetting('GUESTPASS_CAPTCHA_ACTION', line(100), {
    doc: 'Action that captchas of reCAPTCHA v3 and Turnstile must have been solved for; hCaptcha knows none.',
    fallback: 'any',
  }),
} as const;

/** Every setting the gateway has beside those of the SDK. `captchaPolicy` takes the place of the SDK's own. */
export const gatewaySettings = {
  ...listenerSettings,
  ...signInSettings,
  ...limitSettings,
  ...bookSettings,
  ...captchaSettings,
} as const;

function secretOf(name: string, provider: string) {
  return defineSetting(`GUESTPASS_${name}_SECRET`, token(16), {
    doc: `Secret key of ${provider}; with it, ${provider} is asked about its captchas. \`GUESTPASS_${name}_SECRET_FILE\` names a file that holds it.`,
    fallback: 'none',
    secret: true,
  });
}

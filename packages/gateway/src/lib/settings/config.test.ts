import { generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import { GuestpassError, readConfig } from 'guestpass';
import type { Variables } from 'guestpass/settings';
import { generateWebhookSecret } from 'guestpass/webhook';
import { expect, test } from 'vitest';
import { gatewayVariables, readGatewayConfig } from './config.ts';
import { gatewaySettings } from './settings.ts';

const readFile = (): string => {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
};
const simulator = { GUESTPASS_TARGET: 'simulator' };
const read = (variables: Variables) => readGatewayConfig({ ...simulator, ...variables }, { readFile });

function refusalOf(variables: Variables): GuestpassError {
  try {
    read(variables);
  } catch (error) {
    if (error instanceof GuestpassError) return error;
    throw error;
  }
  throw new Error('The configuration was accepted.');
}

const pointersOf = (variables: Variables) => refusalOf(variables).faults.map(({ pointer }) => pointer);

const key = Buffer.alloc(32, 7).toString('base64');
const day = 86_400_000;
const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const secret = generateWebhookSecret();

test('with the simulator as its target a gateway needs no other setting', () => {
  expect(read({})).toMatchObject({
    listen: { host: '127.0.0.1', port: 4000 },
    operator: { host: '127.0.0.1', port: 4001, token: undefined },
    websites: [],
    requireOrigin: false,
    requireIdempotencyKey: false,
    rates: { address: 10, subnet: 60, channel: 600, total: 3_000 },
    load: { maxConnections: 2_000, maxConnectionsPerAddress: 100, maxInFlight: 500, maxEventLoopDelayMs: 250 },
    drain: { delayMs: 5_000, graceMs: 10_000 },
    storage: { directory: '.guestpass/postgres' },
    checkpoints: { key: undefined, previousKey: undefined, file: '.guestpass/checkpoints.jsonl' },
    retention: { personalDataMs: 90 * day, recordsMs: 2_192 * day, archiveDirectory: undefined },
    webhook: undefined,
    receivers: { allowCidrs: [], allowHttp: false },
    logLevel: 'info',
  });
});

test('consents must be fresh and captchas verified unless told otherwise', () => {
  expect(read({}).platform.policy).toEqual({
    consent: { maxAgeMs: 900_000, maxSkewMs: 60_000 },
    captcha: { mode: 'verified' },
  });
  const lenient = read({
    GUESTPASS_CONSENT_MAX_AGE_MS: '1000',
    GUESTPASS_CAPTCHA_POLICY: 'optional',
    GUESTPASS_CAPTCHA_THRESHOLD: '0.7',
    GUESTPASS_ALLOWED_CHANNELS: 'shop',
  });
  expect(lenient.platform.policy).toEqual({
    allowedChannels: ['shop'],
    consent: { maxAgeMs: 1_000, maxSkewMs: 60_000 },
    captcha: { mode: 'optional', threshold: 0.7 },
  });
});

test('a file of operators that is missing or is none is told as a fault of its setting', () => {
  expect(refusalOf({ GUESTPASS_OPERATORS_FILE: '/none.json' }).faults).toEqual([
    { pointer: '/GUESTPASS_OPERATORS_FILE', detail: 'names a file that cannot be read (ENOENT)' },
  ]);
  const file = '[{"name":"canary name","role":"admin"}]';
  const variables = { ...simulator, GUESTPASS_OPERATORS_FILE: 'o.json' };
  expect(() => readGatewayConfig(variables, { readFile: () => file })).toThrow(
    expect.objectContaining({
      faults: ['/0/name must be 1 to 64 letters, digits or any of . _ @ + -', '/0/tokenSha256 is required'].map(
        (detail) => ({
          pointer: '/GUESTPASS_OPERATORS_FILE',
          detail: `names a file that is no list of operators: ${detail}`,
        }),
      ),
    }),
  );
});

test('a provider that operators sign in at is whole or a fault', () => {
  expect(refusalOf({ GUESTPASS_OPERATOR_OIDC_ISSUER: 'https://id.example/' }).faults).toEqual([
    { pointer: '/GUESTPASS_OPERATOR_OIDC_CLIENT_ID', detail: 'is not set, but GUESTPASS_OPERATOR_OIDC_ISSUER is' },
    { pointer: '/GUESTPASS_OPERATOR_OIDC_CLIENT_SECRET', detail: 'is not set, but GUESTPASS_OPERATOR_OIDC_ISSUER is' },
    { pointer: '/GUESTPASS_OPERATOR_OIDC_ROLES', detail: 'is not set, but GUESTPASS_OPERATOR_OIDC_ISSUER is' },
  ]);
  const whole = {
    GUESTPASS_OPERATOR_OIDC_ISSUER: 'https://id.example/',
    GUESTPASS_OPERATOR_OIDC_CLIENT_ID: 'gateway',
    GUESTPASS_OPERATOR_OIDC_CLIENT_SECRET: 'hush',
    GUESTPASS_OPERATOR_OIDC_ROLES: 'cn=ops;dc=example=viewer',
  };
  expect(read(whole).operator).toMatchObject({
    signIn: {
      issuer: 'https://id.example/',
      scope: 'openid profile email',
      nameClaim: 'email',
      roleClaim: 'groups',
      roles: [{ value: 'cn=ops;dc=example', role: 'viewer' }],
    },
    sessionMs: 43_200_000,
  });
  for (const roles of ['ops', '=viewer', 'ops=boss', 'ops=viewer,']) {
    expect(pointersOf({ ...whole, GUESTPASS_OPERATOR_OIDC_ROLES: roles })).toEqual(['/GUESTPASS_OPERATOR_OIDC_ROLES']);
  }
  expect(pointersOf({ ...whole, GUESTPASS_OPERATOR_OIDC_SCOPE: 'email' })).toEqual(['/GUESTPASS_OPERATOR_OIDC_SCOPE']);
  expect(read({}).operator.signIn).toBeUndefined();
});

test('a file of notices that is missing or is none is told as a fault of its setting', () => {
  expect(refusalOf({ GUESTPASS_CONSENT_NOTICES: '/none.json' }).faults).toEqual([
    { pointer: '/GUESTPASS_CONSENT_NOTICES', detail: 'names a file that cannot be read (ENOENT)' },
  ]);
  const reading = () =>
    readGatewayConfig({ ...simulator, GUESTPASS_CONSENT_NOTICES: 'n.json' }, { readFile: () => '[{"version":""}]' });
  expect(reading).toThrow('names a file that is no list of notices: /0/id is required');
  expect(reading).toThrow('names a file that is no list of notices: /0/version must not be empty');
});

test('every setting reaches the configuration', () => {
  const config = read({
    GUESTPASS_HOST: '0.0.0.0',
    GUESTPASS_PORT: '8080',
    GUESTPASS_OPERATOR_HOST: '::1',
    GUESTPASS_OPERATOR_PORT: '0',
    GUESTPASS_OPERATOR_TOKEN: 'abcdefgh'.repeat(4),
    GUESTPASS_PUBLIC_URL: 'https://guests.example.com/',
    GUESTPASS_GUEST_NOTICE: 'We keep what you write.',
    GUESTPASS_DOCS_URL: 'https://docs.example.com/errors',
    GUESTPASS_ALLOWED_ORIGINS: 'https://www.example.com, shop=https://shop.example.com:8443,http://localhost:3000',
    GUESTPASS_REQUIRE_ORIGIN: 'false',
    GUESTPASS_REQUIRE_IDEMPOTENCY_KEY: 'true',
    GUESTPASS_TRUSTED_PROXIES: '10.0.0.0/8, fd00::/8',
    GUESTPASS_RATE_PER_ADDRESS: '1',
    GUESTPASS_RATE_PER_SUBNET: '2',
    GUESTPASS_RATE_PER_CHANNEL: '3',
    GUESTPASS_RATE_TOTAL: '4',
    GUESTPASS_MAX_CONNECTIONS: '5',
    GUESTPASS_MAX_CONNECTIONS_PER_ADDRESS: '6',
    GUESTPASS_MAX_IN_FLIGHT: '7',
    GUESTPASS_MAX_EVENT_LOOP_DELAY_MS: '80',
    GUESTPASS_DRAIN_DELAY_MS: '0',
    GUESTPASS_DRAIN_GRACE_MS: '9',
    GUESTPASS_DATABASE_URL: 'postgres://u:p@db.example:5432/guestpass',
    GUESTPASS_MASTER_KEY: key,
    GUESTPASS_AUDIT_CHECKPOINT_KEY: pem,
    GUESTPASS_AUDIT_PREVIOUS_CHECKPOINT_KEY: pem,
    GUESTPASS_RETENTION_PERSONAL_DATA_DAYS: '30',
    GUESTPASS_RETENTION_RECORDS_DAYS: '365',
    GUESTPASS_AUDIT_ARCHIVE_DIRECTORY: '/mnt/archive',
    GUESTPASS_AUDIT_CHECKPOINT_FILE: '/mnt/checkpoints.jsonl',
    GUESTPASS_WEBHOOK_URL: 'https://idp.example.com/hook',
    GUESTPASS_WEBHOOK_SECRET: secret,
    GUESTPASS_WEBHOOK_SCHEDULE: '0s, 5s,5m,2h,7d',
    GUESTPASS_WEBHOOK_NETWORKS: '10.1.0.0/16',
    GUESTPASS_LOG_LEVEL: 'debug',
    GUESTPASS_ALTCHA_SECRET: 'hijklmno'.repeat(4),
    GUESTPASS_RECAPTCHA_SECRET: 'r'.repeat(40),
    GUESTPASS_HCAPTCHA_SECRET: 'h'.repeat(40),
    GUESTPASS_TURNSTILE_SECRET: 'u'.repeat(40),
    GUESTPASS_CAPTCHA_HOSTNAMES: 'www.example.com, shop=Shop.example.com',
    GUESTPASS_CAPTCHA_ACTION: 'chat',
  });
  expect(config).toMatchObject({
    listen: { host: '0.0.0.0', port: 8080 },
    operator: { host: '::1', port: 0, token: 'abcdefgh'.repeat(4) },
    publicUrl: 'https://guests.example.com',
    guestNotice: 'We keep what you write.',
    docsUrl: 'https://docs.example.com/errors',
    websites: [
      { origin: 'https://www.example.com' },
      { origin: 'https://shop.example.com:8443', channelId: 'shop' },
      { origin: 'http://localhost:3000' },
    ],
    requireOrigin: false,
    requireIdempotencyKey: true,
    rates: { address: 1, subnet: 2, channel: 3, total: 4 },
    load: { maxConnections: 5, maxConnectionsPerAddress: 6, maxInFlight: 7, maxEventLoopDelayMs: 80 },
    drain: { delayMs: 0, graceMs: 9 },
    storage: { url: 'postgres://u:p@db.example:5432/guestpass' },
    checkpoints: { file: '/mnt/checkpoints.jsonl' },
    retention: { personalDataMs: 30 * day, recordsMs: 365 * day, archiveDirectory: '/mnt/archive' },
    webhook: { url: 'https://idp.example.com/hook', secret },
    schedule: [0, 5_000, 300_000, 7_200_000, 7 * day],
    receivers: { allowCidrs: ['10.1.0.0/16'], allowHttp: false },
    captcha: {
      altchaSecret: 'hijklmno'.repeat(4),
      recaptchaSecret: 'r'.repeat(40),
      hcaptchaSecret: 'h'.repeat(40),
      turnstileSecret: 'u'.repeat(40),
      hostnames: [{ hostname: 'www.example.com' }, { hostname: 'shop.example.com', channelId: 'shop' }],
      action: 'chat',
    },
    logLevel: 'debug',
  });
  expect(config.isTrustedProxy('10.9.9.9')).toBe(true);
  expect(config.isTrustedProxy('192.0.2.1')).toBe(false);
  expect(config.masterKey?.symmetricKeySize).toBe(32);
  expect(config.checkpoints.key?.asymmetricKeyType).toBe('ed25519');
  expect(config.checkpoints.previousKey?.asymmetricKeyType).toBe('ed25519');
  expect(config.origins.webhookUrl).toBe('GUESTPASS_WEBHOOK_URL');
});

test('a platform that keeps failing is left alone unless that is switched off', () => {
  expect(read({}).platform.breaker).toBe(true);
  expect(read({ GUESTPASS_CIRCUIT_BREAKER: 'false' }).platform.breaker).toBe(false);
});

test('a master key may be in hexadecimal', () => {
  expect(read({ GUESTPASS_MASTER_KEY: '0f'.repeat(32) }).masterKey?.symmetricKeySize).toBe(32);
});

test('what containers call host, port and log level is understood, and our own names win', () => {
  const usual = { HOST: '0.0.0.0', PORT: '8080', LOG_LEVEL: 'warn' };
  expect(read(usual)).toMatchObject({ listen: { host: '0.0.0.0', port: 8080 }, logLevel: 'warn' });
  expect(read({ ...usual, GUESTPASS_PORT: '9090' }).listen.port).toBe(9090);
});

test('receivers over http are allowed by a name that says what it is', () => {
  const http = { GUESTPASS_WEBHOOK_URL: 'http://127.0.0.1:4010/hook', GUESTPASS_WEBHOOK_SECRET: secret };
  expect(pointersOf(http)).toEqual(['/GUESTPASS_WEBHOOK_URL']);
  expect(read({ ...http, GUESTPASS_INSECURE_WEBHOOKS: 'true' }).receivers).toEqual({
    allowCidrs: [],
    allowHttp: true,
    ports: 'any',
  });
});

test.each([
  ['a port beyond the last', { GUESTPASS_PORT: '65536' }],
  ['a port that is no number', { GUESTPASS_PORT: '0x50' }],
  ['a rate of nothing', { GUESTPASS_RATE_PER_ADDRESS: '0' }],
  ['a token of 31 characters', { GUESTPASS_OPERATOR_TOKEN: 'abcdefgh'.repeat(4).slice(1) }],
  ['a token that can be guessed', { GUESTPASS_OPERATOR_TOKEN: 'password'.repeat(4) }],
  ['a secret of ALTCHA that can be guessed', { GUESTPASS_ALTCHA_SECRET: '0'.repeat(64) }],
  ['a token with a space', { GUESTPASS_OPERATOR_TOKEN: `${'abcdefgh'.repeat(5)} x` }],
  ['an origin with a path', { GUESTPASS_ALLOWED_ORIGINS: 'https://www.example.com/' }],
  ['an origin with a pattern', { GUESTPASS_ALLOWED_ORIGINS: 'https://*.example.com' }],
  ['the origin null', { GUESTPASS_ALLOWED_ORIGINS: 'null' }],
  ['every origin', { GUESTPASS_ALLOWED_ORIGINS: '*' }],
  ['an origin over http', { GUESTPASS_ALLOWED_ORIGINS: 'http://www.example.com' }],
  ['an origin with its usual port', { GUESTPASS_ALLOWED_ORIGINS: 'https://www.example.com:443' }],
  ['an empty entry', { GUESTPASS_ALLOWED_ORIGINS: 'https://www.example.com,' }],
  ['a channel without an origin', { GUESTPASS_ALLOWED_ORIGINS: 'shop=' }],
  ['a switch that is neither on nor off', { GUESTPASS_REQUIRE_ORIGIN: 'yes' }],
  ['a proxy that is no network', { GUESTPASS_TRUSTED_PROXIES: '10.0.0.0/8, everybody' }],
  ['a number of proxies', { GUESTPASS_TRUSTED_PROXIES: '1' }],
  ['a public URL of operators with a path', { GUESTPASS_OPERATOR_PUBLIC_URL: 'https://ops.example.com/guestpass' }],
  ['a public URL over http', { GUESTPASS_PUBLIC_URL: 'http://guests.example.com' }],
  ['a short master key', { GUESTPASS_MASTER_KEY: Buffer.alloc(31).toString('base64') }],
  ['a master key that is no base64', { GUESTPASS_MASTER_KEY: `${key}!` }],
  ['a checkpoint key that is no key', { GUESTPASS_AUDIT_CHECKPOINT_KEY: 'hunter2' }],
  ['an unknown log level', { GUESTPASS_LOG_LEVEL: 'loud' }],
  ['an unknown captcha policy', { GUESTPASS_CAPTCHA_POLICY: 'maybe' }],
  ['a database that is no PostgreSQL', { GUESTPASS_DATABASE_URL: 'mysql://db.example/x', GUESTPASS_MASTER_KEY: key }],
  ['a schedule without units', { GUESTPASS_WEBHOOK_SCHEDULE: '0,5,300' }],
  ['a schedule that begins late', { GUESTPASS_WEBHOOK_SCHEDULE: '5s,5m' }],
  ['a schedule with a try at once after another', { GUESTPASS_WEBHOOK_SCHEDULE: '0s,0s' }],
  ['a schedule with more than a week', { GUESTPASS_WEBHOOK_SCHEDULE: '0s,8d' }],
  ['a schedule of 51 tries', { GUESTPASS_WEBHOOK_SCHEDULE: `0s${',1m'.repeat(50)}` }],
  ['a captcha site with a scheme', { GUESTPASS_CAPTCHA_HOSTNAMES: 'https://www.example.com' }],
  ['a captcha site of a channel that is none', { GUESTPASS_CAPTCHA_HOSTNAMES: 'shop=' }],
  ['a misspelled name', { GUESTPASS_OPERATOR_TOKN: 't'.repeat(40) }],
])('%s is one fault', (_name, variables) => {
  expect(pointersOf(variables)).toEqual([`/${Object.keys(variables)[0]}`]);
});

test.each([
  ['a receiver without a secret', { GUESTPASS_WEBHOOK_URL: 'https://idp.example.com' }, '/GUESTPASS_WEBHOOK_SECRET'],
  [
    'a receiver with a password, and no user name before it',
    { GUESTPASS_WEBHOOK_URL: 'https://:word@idp.example.com', GUESTPASS_WEBHOOK_SECRET: secret },
    '/GUESTPASS_WEBHOOK_URL',
  ],
  ['a secret without a receiver', { GUESTPASS_WEBHOOK_SECRET: secret }, '/GUESTPASS_WEBHOOK_URL'],
  ['a database of our own without a key', { GUESTPASS_DATABASE_URL: 'postgres://db/x' }, '/GUESTPASS_MASTER_KEY'],
  [
    'two databases',
    { GUESTPASS_DATABASE_URL: 'postgres://db/x', GUESTPASS_DATABASE_DIRECTORY: '/x', GUESTPASS_MASTER_KEY: key },
    '/GUESTPASS_DATABASE_DIRECTORY',
  ],
  [
    'a checkpoint key before, and none to follow it',
    { GUESTPASS_AUDIT_PREVIOUS_CHECKPOINT_KEY: pem },
    '/GUESTPASS_AUDIT_CHECKPOINT_KEY',
  ],
  [
    'personal data that outlives the rest',
    { GUESTPASS_RETENTION_RECORDS_DAYS: '30' },
    '/GUESTPASS_RETENTION_PERSONAL_DATA_DAYS',
  ],
  ['two listeners on one port', { GUESTPASS_PORT: '4001' }, '/GUESTPASS_OPERATOR_PORT'],
])('%s is a fault', (_name, variables, pointer) => {
  expect(pointersOf(variables)).toEqual([pointer]);
});

test('0 days are for ever', () => {
  const never = { GUESTPASS_RETENTION_PERSONAL_DATA_DAYS: '0', GUESTPASS_RETENTION_RECORDS_DAYS: '0' };
  expect(read(never).retention).toMatchObject({ personalDataMs: undefined, recordsMs: undefined });
});

test('a webhook secret that is too short is refused without being repeated', () => {
  const short = `whsec_${Buffer.alloc(23, 1).toString('base64')}`;
  const error = refusalOf({ GUESTPASS_WEBHOOK_URL: 'https://idp.example.com', GUESTPASS_WEBHOOK_SECRET: short });
  expect(error.faults).toHaveLength(1);
  expect(JSON.stringify(error)).not.toContain(short.slice(6));
});

test('faults of the SDK and of the gateway are told together, and none repeats a value', () => {
  const error = refusalOf({
    GUESTPASS_RETRIES: 'hunter2',
    GUESTPASS_CLIENT_SECRET: 'hunter2\nhunter2',
    GUESTPASS_PORT: 'hunter2',
    GUESTPASS_OPERATOR_TOKEN: 'hunter2',
    GUESTPASS_MASTER_KEY: 'hunter2',
    GUESTPASS_PROT: 'hunter2',
  });
  expect(error.code).toBe('config_invalid');
  expect(error.faults.map(({ pointer }) => pointer).toSorted()).toEqual([
    '/GUESTPASS_CLIENT_SECRET',
    '/GUESTPASS_MASTER_KEY',
    '/GUESTPASS_OPERATOR_TOKEN',
    '/GUESTPASS_PORT',
    '/GUESTPASS_PROT',
    '/GUESTPASS_RETRIES',
  ]);
  expect(error.message).toContain('did you mean GUESTPASS_PORT?');
  expect(error.message + JSON.stringify(error)).not.toContain('hunter2');
});

test('secrets may come from files, and not from both at once', () => {
  const variables = { ...simulator, GUESTPASS_OPERATOR_TOKEN_FILE: '/run/secrets/token' };
  const config = readGatewayConfig(variables, { readFile: () => `${'abcdefgh'.repeat(5)}\n` });
  expect(config.operator.token).toBe('abcdefgh'.repeat(5));
  expect(pointersOf(variables)).toEqual(['/GUESTPASS_OPERATOR_TOKEN_FILE']);
  expect(pointersOf({ ...variables, GUESTPASS_OPERATOR_TOKEN: 'abcdefgh'.repeat(5) })).toEqual([
    '/GUESTPASS_OPERATOR_TOKEN',
  ]);
});

test('the SDK can share an environment with a gateway', () => {
  const variables = { ...simulator, GUESTPASS_PORT: '4000', GUESTPASS_MASTER_KEY_FILE: '/x' };
  expect(readConfig(variables, { readFile, alsoKnown: gatewayVariables }).options.clientId).toBe('sim-client');
});

test('the table names every variable once and explains each', () => {
  const settings = Object.values(gatewaySettings);
  expect(new Set(gatewayVariables).size).toBe(gatewayVariables.length);
  expect(settings.every(({ name, doc, fallback }) => name.startsWith('GUESTPASS_') && doc && fallback)).toBe(true);
});

test('whatever the variables hold, the answer is a configuration or config_invalid', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('true', '5', key, secret, pem, 'https://a.example', '10.0.0.0/8'));
  const variables = fc.dictionary(fc.constantFrom(...gatewayVariables, 'GUESTPASS_X'), text);
  void fc.assert(
    fc.property(variables, (record) => {
      try {
        expect(read(record).listen.port).toBeGreaterThanOrEqual(0);
      } catch (error) {
        if (!(error instanceof GuestpassError)) throw error;
        expect(error.code).toBe('config_invalid');
      }
    }),
    { numRuns: 500 },
  );
});

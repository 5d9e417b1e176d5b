import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ConfigReader, type GuestpassConfig, readConfig } from './config.ts';
import { GuestpassError } from './errors.ts';
import { configSettings, settingKeys } from './settings.ts';

const noFiles = {
  readFile: (): string => {
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  },
};
const file = (text: string) => ({ readFile: () => text });

const credentials = { GUESTPASS_CLIENT_ID: 'id', GUESTPASS_CLIENT_SECRET: 'secret' };
const platform = { GUESTPASS_ENVIRONMENT: 'usw2.mygenesys.com', ...credentials };

function refusalOf(variables: Record<string, string | undefined>, reader: ConfigReader = noFiles): GuestpassError {
  let config: GuestpassConfig;
  try {
    config = readConfig(variables, reader);
  } catch (error) {
    if (error instanceof GuestpassError) return error;
    throw error;
  }
  throw new Error(`The configuration was accepted: ${Object.keys(config.values)}.`);
}

const pointersOf = (variables: Record<string, string>) => refusalOf(variables).faults.map(({ pointer }) => pointer);

test("the tutorial's four variables are a whole configuration", () => {
  const config = readConfig(
    {
      GENESYS_CLIENT_ID: 'id',
      GENESYS_CLIENT_SECRET: 'secret',
      GENESYS_ENV: 'usw2.mygenesys.com',
      WEBMSG_CHANNEL_ID: 'your-channel-id',
      PATH: '/usr/bin',
    },
    noFiles,
  );
  const base = 'https://usw2.mygenesys.com';
  expect(config.options).toEqual({
    environment: { kind: 'custom', loginUrl: base, apiUrl: base },
    clientId: 'id',
    clientSecret: 'secret',
    retry: {},
    policy: { consent: {}, captcha: {} },
  });
  expect(config.values.channelId).toBe('your-channel-id');
  expect(config.origins).toEqual({
    environment: 'GENESYS_ENV',
    clientId: 'GENESYS_CLIENT_ID',
    clientSecret: 'GENESYS_CLIENT_SECRET',
    channelId: 'WEBMSG_CHANNEL_ID',
  });
});

test('the names other Genesys tools use are understood', () => {
  const { options } = readConfig(
    { GENESYSCLOUD_REGION: 'us-west-2', GENESYSCLOUD_OAUTHCLIENT_ID: 'id', GENESYSCLOUD_OAUTHCLIENT_SECRET: 's' },
    noFiles,
  );
  expect(options).toMatchObject({ environment: { region: 'us-west-2' }, clientId: 'id', clientSecret: 's' });
});

test("Guestpass' own name wins over an alias, and an empty alias over nothing", () => {
  const { options, origins } = readConfig(
    { ...platform, GENESYS_ENV: 'mypurecloud.ie', GENESYS_CLIENT_ID: 'other', GENESYSCLOUD_REGION: '' },
    noFiles,
  );
  expect(options).toMatchObject({ clientId: 'id', environment: { apiUrl: 'https://usw2.mygenesys.com' } });
  expect(origins.environment).toBe('GUESTPASS_ENVIRONMENT');

  const stronger = { GENESYS_ENV: '', GENESYSCLOUD_REGION: 'euw1', ...credentials };
  expect(readConfig(stronger, noFiles).origins.environment).toBe('GENESYSCLOUD_REGION');
});

test('every setting reaches the options of the client', () => {
  const { options, values } = readConfig(
    {
      ...platform,
      GUESTPASS_TARGET: 'genesys',
      GUESTPASS_CHANNEL_ID: 'demo',
      GUESTPASS_GUESTS_PATH: '/guests',
      GUESTPASS_SCOPE: '',
      GUESTPASS_RETRIES: '0',
      GUESTPASS_DEADLINE_MS: '5000',
      GUESTPASS_REQUESTS_PER_MINUTE: '60',
      GUESTPASS_CONNECTIONS: '8',
      GUESTPASS_CAPTCHA_POLICY: 'required',
      GUESTPASS_CAPTCHA_THRESHOLD: '0.7',
      GUESTPASS_ALLOWED_CHANNELS: 'demo, web',
      GUESTPASS_CONSENT_MAX_AGE_MS: '900000',
      GUESTPASS_CONSENT_MAX_SKEW_MS: '60000',
      GUESTPASS_AUDIT_FILE: 'audit.jsonl',
    },
    noFiles,
  );
  expect(options).toMatchObject({
    guestsPath: '/guests',
    scope: '',
    retry: { retries: 0 },
    deadlineMs: 5000,
    requestsPerMinute: 60,
    connections: 8,
    policy: {
      consent: { maxAgeMs: 900_000, maxSkewMs: 60_000 },
      captcha: { mode: 'required', threshold: 0.7 },
      allowedChannels: ['demo', 'web'],
    },
  });
  expect(values).toMatchObject({ target: 'genesys', channelId: 'demo', auditFile: 'audit.jsonl' });
});

test('the target simulator brings its address and its public credentials', () => {
  const { options, origins } = readConfig({ GUESTPASS_TARGET: 'simulator' }, noFiles);
  expect(options).toMatchObject({
    environment: { kind: 'custom', apiUrl: 'http://127.0.0.1:4010' },
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
  });
  expect(origins).toMatchObject({ target: 'GUESTPASS_TARGET', environment: 'default', clientSecret: 'default' });
});

test('with the target simulator, hosts and credentials of the real platform stay out of it', () => {
  const { options } = readConfig(
    { GUESTPASS_TARGET: 'simulator', GENESYS_ENV: 'usw2', GENESYS_CLIENT_ID: 'real', GENESYS_CLIENT_SECRET: 'real' },
    noFiles,
  );
  expect(options).toMatchObject({ clientId: 'sim-client', environment: { apiUrl: 'http://127.0.0.1:4010' } });
});

test('the simulator is never guessed: without target and environment both fixes are named', () => {
  const { code, message, faults } = refusalOf({});
  expect(code).toBe('config_invalid');
  expect(faults).toHaveLength(1);
  expect(message).toContain('GUESTPASS_TARGET=simulator');
  expect(message).toContain('GUESTPASS_ENVIRONMENT, GUESTPASS_CLIENT_ID and GUESTPASS_CLIENT_SECRET');
});

test('what an environment lacks is named with its other names', () => {
  expect(refusalOf({ GENESYS_ENV: 'usw2' }).message).toContain(
    'nor is GENESYS_CLIENT_ID or GENESYSCLOUD_OAUTHCLIENT_ID',
  );
  expect(pointersOf({ GUESTPASS_TARGET: 'genesys', ...credentials })).toEqual(['/GUESTPASS_ENVIRONMENT']);
});

test('every fault is told at once, and none repeats a value', () => {
  const error = refusalOf({
    GUESTPASS_ENVIRONMENT: 'http://hunter2.example',
    GUESTPASS_CLIENT_ID: '',
    GUESTPASS_CLIENT_SECRET: 'hunter2\nhunter2',
    GUESTPASS_RETRIES: 'hunter2',
    GUESTPASS_CAPTCHA_POLICY: 'hunter2',
    GUESTPASS_RETRYS: 'hunter2',
  });
  expect(error.faults.map(({ pointer }) => pointer).toSorted()).toEqual([
    '/GUESTPASS_CAPTCHA_POLICY',
    '/GUESTPASS_CLIENT_ID',
    '/GUESTPASS_CLIENT_SECRET',
    '/GUESTPASS_ENVIRONMENT',
    '/GUESTPASS_RETRIES',
    '/GUESTPASS_RETRYS',
  ]);
  expect(error.message).toContain('did you mean GUESTPASS_RETRIES?');
  expect(JSON.stringify(error)).not.toContain('hunter2');
});

test('variables that somebody else reads are no slips, and are proposed for slips', () => {
  const variables = { ...platform, GUESTPASS_PORT: '4000' };
  expect(pointersOf(variables)).toEqual(['/GUESTPASS_PORT']);
  const alsoKnown = ['GUESTPASS_PORT'];
  expect(readConfig(variables, { ...noFiles, alsoKnown }).options.clientId).toBe('id');
  const slip = refusalOf({ ...platform, GUESTPASS_PROT: '4000' }, { ...noFiles, alsoKnown });
  expect(slip.message).toContain('did you mean GUESTPASS_PORT?');
});

test('a fault in an alias points to the alias', () => {
  expect(pointersOf({ GENESYS_ENV: 'usw3', ...credentials })).toEqual(['/GENESYS_ENV']);
});

test('a misspelled target is one fault, not four', () => {
  expect(pointersOf({ GUESTPASS_TARGET: 'simulater' })).toEqual(['/GUESTPASS_TARGET']);
});

test('target and environment must agree', () => {
  expect(pointersOf({ GUESTPASS_TARGET: 'simulator', GUESTPASS_ENVIRONMENT: 'usw2' })).toEqual([
    '/GUESTPASS_ENVIRONMENT',
  ]);
  const dev = { GUESTPASS_TARGET: 'genesys', GENESYS_ENV: 'localhost:4010', GUESTPASS_CLIENT_ID: 'id' };
  expect(pointersOf({ ...dev, GUESTPASS_CLIENT_SECRET: 'sim-secret' })).toEqual([
    '/GENESYS_ENV',
    '/GUESTPASS_CLIENT_SECRET',
  ]);
});

test('a secret may come from a file, whose one trailing newline is dropped', () => {
  const variables = { ...platform, GUESTPASS_CLIENT_SECRET: undefined, GUESTPASS_CLIENT_SECRET_FILE: '/run/secrets/s' };
  const { options, origins } = readConfig(variables, file('s3cret\n'));
  expect(options.clientSecret).toBe('s3cret');
  expect(origins.clientSecret).toBe('GUESTPASS_CLIENT_SECRET_FILE');
  expect(readConfig(variables, file('s3cret\r\n')).options.clientSecret).toBe('s3cret');
  expect(refusalOf(variables, file('s3cret\n\n')).faults).toHaveLength(1);
  expect(refusalOf(variables, file('\n')).message).toContain('must not be empty');
});

test('a secret file that cannot be read, or stands beside the secret itself, is a fault', () => {
  const { GUESTPASS_CLIENT_SECRET: _, ...rest } = platform;
  expect(refusalOf({ ...rest, GUESTPASS_CLIENT_SECRET_FILE: '/nowhere' }).faults).toEqual([
    { pointer: '/GUESTPASS_CLIENT_SECRET_FILE', detail: 'names a file that cannot be read (ENOENT)' },
  ]);
  expect(refusalOf({ ...platform, GUESTPASS_CLIENT_SECRET_FILE: '/run/secrets/s' }).message).toContain(
    'set together with GUESTPASS_CLIENT_SECRET_FILE',
  );
});

test('the table names every variable once and explains each', () => {
  const settings = settingKeys.map((key) => configSettings[key]);
  const names = settings.flatMap(({ name, aliases }) => [name, ...aliases]);
  expect(new Set(names).size).toBe(names.length);
  expect(settings.every(({ name, doc, fallback }) => name.startsWith('GUESTPASS_') && doc && fallback)).toBe(true);
});

test('whatever the variables hold, the answer is a configuration or config_invalid', () => {
  const names = settingKeys.flatMap((key) => [configSettings[key].name, ...configSettings[key].aliases]);
  const variables = fc.dictionary(
    fc.constantFrom(...names, 'GUESTPASS_CLIENT_SECRET_FILE', 'GUESTPASS_X', 'HOME'),
    fc.oneof(fc.string(), fc.constantFrom('simulator', 'genesys', 'usw2', '5', '0.5', 'https://host.example')),
  );
  void fc.assert(
    fc.property(variables, (record) => {
      try {
        expect(readConfig(record, file('x')).options.environment.apiUrl).toMatch(/^https?:/);
      } catch (error) {
        if (!(error instanceof GuestpassError)) throw error;
        expect(error.code).toBe('config_invalid');
        expect(error.faults.length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 1000 },
  );
});

test('the issuers of web messaging need an environment and no OAuth client', () => {
  const variables = {
    GUESTPASS_ENVIRONMENT: 'usw2',
    GUESTPASS_ISSUER: 'authenticated-web-messaging',
    GUESTPASS_ORIGIN: 'https://shop.example',
  };
  expect(readConfig({ ...variables, GUESTPASS_ISSUER: 'web-messaging' }, noFiles).options).toMatchObject({
    issuer: 'web-messaging',
  });
  expect(readConfig(variables, noFiles).options).toMatchObject({
    issuer: 'authenticated-web-messaging',
    origin: 'https://shop.example',
    environment: { domain: 'usw2.pure.cloud' },
  });
  expect(pointersOf({ ...variables, GUESTPASS_ISSUER: 'rest' })).toEqual([
    '/GUESTPASS_CLIENT_ID',
    '/GUESTPASS_CLIENT_SECRET',
  ]);
  expect(pointersOf({ ...platform, GUESTPASS_ISSUER: 'soap', GUESTPASS_ORIGIN: 'https://shop.example/page' })).toEqual([
    '/GUESTPASS_ISSUER',
    '/GUESTPASS_ORIGIN',
  ]);
});

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { genesysRegions, messagingUrlOf, resolveEnvironment } from './environment.ts';
import { GuestpassError } from './errors.ts';

const custom = (base: string) => ({ kind: 'custom', loginUrl: base, apiUrl: base });

const usw2 = {
  kind: 'genesys',
  loginUrl: 'https://login.usw2.pure.cloud',
  apiUrl: 'https://api.usw2.pure.cloud',
  region: 'us-west-2',
  domain: 'usw2.pure.cloud',
};

function refusalOf(value: string): GuestpassError {
  try {
    resolveEnvironment(value);
  } catch (error) {
    if (error instanceof GuestpassError) return error;
    throw error;
  }
  throw new Error('The value was accepted.');
}

test("the tutorial's host is used as it is and not doubled", () => {
  expect(resolveEnvironment('usw2.mygenesys.com')).toEqual(custom('https://usw2.mygenesys.com'));
  expect(resolveEnvironment('https://usw2.mygenesys.com/')).toEqual(custom('https://usw2.mygenesys.com'));
});

test.each(['usw2', 'us-west-2', 'prod-usw2', 'usw2.pure.cloud', 'USW2', ' usw2\n', 'https://login.usw2.pure.cloud'])(
  'the region us-west-2 is found as %j',
  (name) => {
    expect(resolveEnvironment(name)).toEqual(usw2);
  },
);

test.each(['mypurecloud.ie', 'api.mypurecloud.ie', 'login.mypurecloud.ie', 'apps.mypurecloud.ie', 'euw1'])(
  'Ireland is found as %s',
  (name) => {
    expect(resolveEnvironment(name)).toMatchObject({ region: 'eu-west-1', apiUrl: 'https://api.mypurecloud.ie' });
  },
);

test('the table has 18 regions, and each is found by every one of its names', () => {
  expect(genesysRegions).toHaveLength(18);
  for (const { region, short, domain, platformName } of genesysRegions) {
    const expected = {
      kind: 'genesys',
      loginUrl: `https://login.${domain}`,
      apiUrl: `https://api.${domain}`,
      region,
      domain,
    };
    const names = [region, short, domain, `api.${domain}`, `login.${domain}`, platformName ?? short];
    expect(names.map(resolveEnvironment)).toEqual(names.map(() => expected));
  }
});

test('a base path and a port are kept', () => {
  expect(resolveEnvironment('https://proxy.example:8443/genesys/')).toEqual(
    custom('https://proxy.example:8443/genesys'),
  );
  expect(resolveEnvironment('proxy.example/genesys')).toEqual(custom('https://proxy.example/genesys'));
  expect(resolveEnvironment('gateway:8443')).toEqual(custom('https://gateway:8443'));
});

test.each([
  ['http://127.0.0.1:4010', 'http://127.0.0.1:4010'],
  ['http://127.9.8.7', 'http://127.9.8.7'],
  ['http://[::1]:4010/', 'http://[::1]:4010'],
  ['http://localhost:4010', 'http://localhost:4010'],
  ['localhost:4010', 'http://localhost:4010'],
  ['localhost', 'http://localhost'],
  ['127.0.0.1:4010', 'http://127.0.0.1:4010'],
  ['https://localhost:4010', 'https://localhost:4010'],
])('loopback may be spoken to without TLS: %s', (value, base) => {
  expect(resolveEnvironment(value)).toEqual(custom(base));
});

test.each([
  'http://usw2.mygenesys.com',
  'http://127.0.0.1.evil.example',
  'http://localhost.evil.example',
  'http://0.0.0.0:4010',
  'http://128.0.0.1',
  'HTTP://api.mypurecloud.ie',
])('http anywhere else is refused, because credentials go over https only: %s', (value) => {
  expect(refusalOf(value)).toMatchObject({ code: 'config_invalid', message: expect.stringContaining('https only') });
});

test.each([
  ['', 'empty'],
  ['   ', 'empty'],
  ['https://user:pass@host.example', 'user name'],
  ['https://@host.example', 'user name'],
  ['user@host.example', 'user name'],
  ['https://host.example?x=1', 'query'],
  ['host.example/#top', 'fragment'],
  ['ftp://host.example', 'scheme'],
  ['file:///etc/passwd', 'scheme'],
  ['file:/etc/passwd', 'not a host'],
  ['javascript:alert(1)', 'not a host'],
  ['https://', 'not a host'],
  ['https://a..b', 'not a host'],
  ['::1', 'not a host'],
  ['host.example:99999', 'not a host'],
  ['ho st.example', 'white space'],
  ['https://good.example\\@evil.example', 'backslash'],
  ['https://api.mypurecloud.ie:8443', 'port'],
  ['https://apps.mypurecloud.ie/directory', 'path'],
])('%j is refused and the message says why', (value, why) => {
  const error = refusalOf(value);
  expect(error.code).toBe('config_invalid');
  expect(error.message).toContain(why);
});

test('an unknown short name is answered with the nearest one and the whole list', () => {
  const { message } = refusalOf('usw3');
  expect(message).toContain('Did you mean usw2?');
  expect(message).toContain('use1, use2, usw2, cac1');
  expect(refusalOf('mars').message).not.toContain('Did you mean');
});

test('a refusal never repeats the value, which may be a secret in the wrong place', () => {
  expect(refusalOf('https://me:s3cretpassword@host.example').message).not.toContain('s3cretpassword');
  expect(refusalOf('s3cretpassword').message).not.toContain('s3cretpassword');
});

const hostileText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.stringMatching(/^[a-z0-9:/.@?#[\]_-]{0,24}$/),
  fc.domain(),
  fc.ipV4().map((address) => `http://${address}`),
  fc.ipV6().map((address) => `http://[${address}]:80`),
  fc.constantFrom('usw2', 'login.', 'https://', 'http://localhost', 'mypurecloud.com', 'api.mypurecloud.com/x'),
);

test('whatever comes in, out come hosts that are safe to send credentials to, or config_invalid', () => {
  void fc.assert(
    fc.property(hostileText, (value) => {
      let hosts: ReturnType<typeof resolveEnvironment>;
      try {
        hosts = resolveEnvironment(value);
      } catch (error) {
        expect(error).toBeInstanceOf(GuestpassError);
        expect(error).toMatchObject({ code: 'config_invalid' });
        return;
      }
      for (const text of [hosts.loginUrl, hosts.apiUrl]) {
        const url = new URL(text);
        expect(text.endsWith('/')).toBe(false);
        expect([url.username, url.password, url.search, url.hash]).toEqual(['', '', '', '']);
        if (url.protocol !== 'https:') expect(url.hostname).toMatch(/^(localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/);
      }
    }),
    { numRuns: 2000 },
  );
});

test('resolving the URL of a custom result gives the same result', () => {
  const customValue = fc.oneof(
    fc.webUrl().map((url) => url.replace(/^http:/, 'https:')),
    fc.domain(),
    fc.nat({ max: 65_535 }).map((port) => `http://127.0.0.1:${port}/base/`),
  );
  void fc.assert(
    fc.property(customValue, (value) => {
      const hosts = resolveEnvironment(value);
      if (hosts.kind === 'custom') expect(resolveEnvironment(hosts.loginUrl)).toEqual(hosts);
    }),
  );
});

test('sockets have a host of their own at Genesys Cloud, and none elsewhere', () => {
  const addressOf = (environment: string) => messagingUrlOf(resolveEnvironment(environment));
  expect(addressOf('euw2')).toBe('wss://webmessaging.euw2.pure.cloud/v1');
  expect(addressOf('https://proxy.example/genesys')).toBe('wss://proxy.example/genesys/v1');
  expect(addressOf('127.0.0.1:4010')).toBe('ws://127.0.0.1:4010/v1');
});

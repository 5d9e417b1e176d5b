import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkEndpointUrl, type EndpointPolicy, refuseAddress } from './address-guard.ts';

const refusedOf = (addresses: readonly string[], allowCidrs: readonly string[] = []) =>
  addresses.map((address) => [address, refuseAddress(address, { allowCidrs })]);

const all = (addresses: readonly string[], refusal: string | undefined) => addresses.map((one) => [one, refusal]);

test('public addresses may be reached', () => {
  const addresses = [
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '::ffff:8.8.8.8',
    '2606:4700:4700::1111',
    '2001:4860:4860::8888',
    '2a00:1450:4001:81b::200e',
  ];
  expect(refusedOf(addresses)).toEqual(all(addresses, undefined));
});

test('no special IPv4 range may be reached, from its first address to its last', () => {
  const addresses = [
    ['0.0.0.0', '0.1.2.3', '0.255.255.255'],
    ['10.0.0.0', '10.255.255.255', '172.16.0.0', '172.31.255.255', '192.168.0.0', '192.168.255.255'],
    ['100.64.0.0', '100.127.255.255'],
    ['127.0.0.0', '127.0.0.1', '127.255.255.255'],
    ['192.0.0.0', '192.0.0.255', '192.0.2.0', '192.0.2.255', '198.51.100.1', '203.0.113.255'],
    ['192.88.99.0', '192.88.99.255', '198.18.0.0', '198.19.255.255'],
    ['224.0.0.0', '239.255.255.255', '240.0.0.0', '255.255.255.254', '255.255.255.255'],
  ].flat();
  expect(refusedOf(addresses)).toEqual(all(addresses, 'not_public'));
});

test('no special IPv6 range may be reached', () => {
  const addresses = [
    ['::', '::1', 'fe80::', 'fe80::1', 'febf:ffff::1', 'fe80::1%eth0', 'fec0::1'],
    ['fc00::', 'fd12:3456::1', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ff00::', 'ff02::1'],
    ['2001:db8::', '2001:db8:ffff::1', '3fff::', '3fff:fff:ffff::1', '5f00::1', '100::', '100::1'],
    ['2001:2::1', '2001:10::1', '2001:20::1', '2001:30::1', '2001:1ff::1'],
    // Not given to anybody yet.
    ['4000::1', 'e000::1', '1::1', '::1:0:0:0'],
  ].flat();
  expect(refusedOf(addresses)).toEqual(all(addresses, 'not_public'));
});

test('a private IPv4 address is found in every IPv6 disguise', () => {
  const addresses = [
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:10.0.0.1',
    '::ffff:192.168.1.1',
    '::127.0.0.1',
    '::7f00:1',
    '64:ff9b::7f00:1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::7f00:1',
    '::ffff:0:127.0.0.1',
    '2002:7f00:1::',
    '2002:a00:1::1',
    '2001:0:4136:e378:8000:63bf:80ff:fffe',
  ];
  expect(refusedOf(addresses)).toEqual(all(addresses, 'not_public'));
});

test('tunnels and translators are refused even with a public address inside', () => {
  const addresses = ['::8.8.8.8', '64:ff9b::8.8.8.8', '2002:808:808::1', '2001:0:808:808::1', '64:ff9b:1::8.8.8.8'];
  expect(refusedOf(addresses)).toEqual(all(addresses, 'not_public'));
});

test('metadata services are refused in every disguise, allowed or not', () => {
  const addresses = [
    '169.254.169.254',
    '169.254.170.2',
    '169.254.0.1',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '2001:0:a9fe:a9fe::1',
    '2001:0:808:808::5601:5601',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd20:ce::254',
    'fe80::a9fe:a9fe',
    'fe80::a9fe:a9fe%eth0',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
  ];
  expect(refusedOf(addresses)).toEqual(all(addresses, 'metadata'));
  expect(refusedOf(addresses, ['0.0.0.0/0', '::/0', '169.254.169.254/32'])).toEqual(all(addresses, 'metadata'));
});

test('an allowed network is reached, and nothing beside it', () => {
  const allowCidrs = ['10.1.0.0/16', '127.0.0.1/32', '::1/128', 'fd12::/16'];
  const reached = ['10.1.0.0', '10.1.255.255', '127.0.0.1', '::ffff:10.1.2.3', '::1', 'fd12::5', '8.8.8.8'];
  expect(refusedOf(reached, allowCidrs)).toEqual(all(reached, undefined));
  const refused = ['10.0.255.255', '10.2.0.0', '127.0.0.2', '::ffff:10.2.0.0', '::', 'fd13::1', '2002:a01:1::1'];
  expect(refusedOf(refused, allowCidrs)).toEqual(all(refused, 'not_public'));
});

test('an allowed translator reaches public addresses only', () => {
  const allowCidrs = ['64:ff9b::/96'];
  expect(refuseAddress('64:ff9b::8.8.8.8', { allowCidrs })).toBeUndefined();
  expect(refuseAddress('64:ff9b::10.0.0.1', { allowCidrs })).toBe('not_public');
  expect(refuseAddress('64:ff9b::10.0.0.1', { allowCidrs: ['64:ff9b::/96', '10.0.0.0/8'] })).toBeUndefined();
});

test('what is not an address in its usual form is refused', () => {
  const texts = [
    '',
    ' ',
    'localhost',
    '127.1',
    '0x7f.1',
    '2130706433',
    '0177.0.0.1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
  ];
  expect(refusedOf(texts)).toEqual(all(texts, 'not_an_address'));
  const more = ['8.8.8.8 ', '08.8.8.8', '[::1]', '1.1.1.1/8', ':::', '12345::'];
  expect(refusedOf(more, ['0.0.0.0/0', '::/0'])).toEqual(all(more, 'not_an_address'));
});

test('an allowed network that is none is a fault of the configuration', () => {
  for (const cidr of ['', '10.0.0.1', '10.0.0.0/33', 'private', '::/129', '::ffff:10.0.0.0/104']) {
    expect(() => refuseAddress('8.8.8.8', { allowCidrs: [cidr] })).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
  }
});

test('a mapped address is judged as the IPv4 address it is', () => {
  fc.assert(
    fc.property(fc.ipV4(), (ip) => {
      expect(refuseAddress(`::ffff:${ip}`)).toBe(refuseAddress(ip));
    }),
  );
});

const open: EndpointPolicy = { allowHttp: true, ports: 'any' };

const outcomeOf = (url: string, policy: EndpointPolicy) => {
  const checked = checkEndpointUrl(url, policy);
  return checked.ok ? 'ok' : checked.reason;
};

test('an https URL on a usual port is allowed, and parsed once', () => {
  for (const url of [
    'https://idp.example',
    'https://idp.example:8443/hooks?tenant=1',
    'https://8.8.8.8/',
    'HTTPS://X.Y',
  ]) {
    expect(checkEndpointUrl(url)).toEqual({ ok: true, url: new URL(url) });
  }
});

test('a non-public literal is refused in every spelling', () => {
  for (const url of [
    'http://127.0.0.1',
    'http://0x7f.1',
    'http://2130706433',
    'http://0177.0.0.1',
    'http://127.1',
    'http://①②⑦.⓪.⓪.①',
    'http://127。0。0。1',
    'http://[::ffff:127.0.0.1]',
    'http://[::ffff:7f00:1]',
    'http://[::]',
    'http://[::1]',
    'http://0',
    'http://0.0.0.0',
    'http://127.0.0.1.',
    'http://localhost',
    'http://localhost.',
    'http://ⓛocalhost',
    'http://LOCALHOST',
    'http://a.localhost',
    'http://[64:ff9b::7f00:1]',
    'http://[2002:7f00:1::]',
    'http://[fd00:ec2::254]',
    'http://169.254.169.254',
    'http://%31%32%37.0.0.1',
    'http:127.0.0.1',
    'http:\\\\127.0.0.1',
    'https://10.0.0.1:8443/hook',
  ]) {
    expect([url, outcomeOf(url, open)]).toEqual([url, 'address_refused']);
  }
});

test('any other shape of URL is refused', () => {
  for (const url of [
    'file:///etc/passwd',
    'gopher://idp.example',
    'ftp://idp.example',
    'ws://idp.example',
    'data:text/plain,x',
    'javascript:1',
    'https://user:pass@idp.example',
    'https://user@idp.example',
    'https://idp.example/#fragment',
    'https://idp.example/#',
    `https://idp.example/${'x'.repeat(2048)}`,
    'https://',
    'https://[::1',
    'https://1.2.3.256',
    'https://idp example',
    'idp.example',
    '//idp.example',
    '',
  ]) {
    expect([url, outcomeOf(url, open)]).toEqual([url, 'url_refused']);
  }
});

test('http and other ports are allowed only when the policy says so', () => {
  expect(outcomeOf('http://idp.example:8443', {})).toBe('url_refused');
  expect(outcomeOf('http://idp.example', { allowHttp: true })).toBe('url_refused');
  expect(outcomeOf('http://idp.example', { allowHttp: true, ports: [80] })).toBe('ok');
  expect(outcomeOf('https://idp.example:9443', {})).toBe('url_refused');
  expect(outcomeOf('https://idp.example:9443', { ports: [9443] })).toBe('ok');
  expect(outcomeOf('https://idp.example', { ports: [9443] })).toBe('url_refused');
});

test('a receiver at home is allowed when its network is', () => {
  const home = { ...open, allowCidrs: ['127.0.0.0/8'] };
  for (const url of ['http://127.0.0.1:4020/hooks', 'http://localhost:4020', 'http://127.1']) {
    expect([url, outcomeOf(url, home)]).toEqual([url, 'ok']);
  }
  expect(outcomeOf('http://169.254.169.254', { ...open, allowCidrs: ['0.0.0.0/0'] })).toBe('address_refused');
});

test('a refusal does not repeat the URL', () => {
  const checked = checkEndpointUrl('https://user:hunter2@10.0.0.1/token');
  expect(JSON.stringify(checked)).not.toMatch(/hunter2|10\.0|token/);
});

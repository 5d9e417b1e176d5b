import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNetworkList } from '../settings/network.ts';
import { createClientAddress } from './client-address.ts';

const isTrusted = createNetworkList([
  { address: '10.0.0.0', prefix: 8 },
  { address: 'fd00::', prefix: 8 },
]);
const clientAddress = createClientAddress({ isTrusted });

const proxy = '10.0.0.1';

test('a direct caller cannot say who it is', () => {
  expect(clientAddress('203.0.113.9', '198.51.100.1')).toBe('203.0.113.9');
  expect(clientAddress('203.0.113.9', '10.0.0.1, 10.0.0.2')).toBe('203.0.113.9');
  expect(clientAddress('::ffff:203.0.113.9', null)).toBe('203.0.113.9');
});

test('nobody is trusted unless told', () => {
  const nobody = createClientAddress({ isTrusted: createNetworkList([]) });
  expect(nobody('127.0.0.1', '198.51.100.1')).toBe('127.0.0.1');
});

test.each([
  ['one proxy', '198.51.100.1', '198.51.100.1'],
  ['two proxies', '198.51.100.1, 10.9.9.9', '198.51.100.1'],
  ['an address forged before the real one', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
  ['a proxy forged before the real one', '10.0.0.7, 198.51.100.1', '198.51.100.1'],
  ['no white space', '1.1.1.1,198.51.100.1,10.9.9.9', '198.51.100.1'],
  ['IPv6', '2001:db8::1', '2001:db8::1'],
  ['IPv4 inside IPv6', '::ffff:198.51.100.1', '198.51.100.1'],
  ['only proxies', '10.1.1.1, 10.2.2.2', '10.1.1.1'],
  ['nothing', '', proxy],
  ['an injection', "' OR 1=1--", proxy],
  ['a script before a proxy', '<script>, 10.3.3.3', '10.3.3.3'],
  ['a name', 'unknown, 10.3.3.3', '10.3.3.3'],
  ['a port', '198.51.100.1:4711', proxy],
  ['an empty entry', '198.51.100.1, , 10.3.3.3', '10.3.3.3'],
  ['more hops than are looked at', Array(12).fill('10.4.4.4').join(','), '10.4.4.4'],
  ['a forger behind ten proxies', ['198.51.100.1', ...Array(10).fill('10.4.4.4')].join(','), '10.4.4.4'],
  ['a header longer than is looked at', `${'1.1.1.1, '.repeat(200)}198.51.100.1`, proxy],
])('behind a trusted proxy, %s', (_name, header, expected) => {
  expect(clientAddress(proxy, header)).toBe(expected);
});

test('a socket that is gone has no address', () => {
  expect(clientAddress(undefined, '198.51.100.1')).toBe('unknown');
});

test('whatever the header says, the answer is an address', () => {
  const entry = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string());
  void fc.assert(
    fc.property(fc.array(entry), (entries) => {
      expect(clientAddress(proxy, entries.join(','))).toMatch(/^[0-9a-fA-F:.]+$/);
    }),
  );
});

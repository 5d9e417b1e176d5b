import { BlockList, isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNetworkList, type Network, parseNetwork, plainAddress, rangesOf } from './network.ts';

const listOf = (...texts: string[]) => createNetworkList(texts.map((text) => parseNetwork(text) as Network));

test('networks and single addresses are read', () => {
  expect(parseNetwork('10.0.0.0/8')).toEqual({ address: '10.0.0.0', prefix: 8 });
  expect(parseNetwork('fd00::/8')).toEqual({ address: 'fd00::', prefix: 8 });
  expect(parseNetwork('192.0.2.1')).toEqual({ address: '192.0.2.1', prefix: 32 });
  expect(parseNetwork('::1')).toEqual({ address: '::1', prefix: 128 });
});

test.each(['', '10.0.0.0/33', '10.0.0/8', '::/129', '10.0.0.0/-1', '10.0.0.0/8/8', 'loopback', '*', 'fe80::1%eth0'])(
  '%j is no network',
  (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  },
);

test('an address is found in the network it lies in, in whichever form it comes', () => {
  const isListed = listOf('10.0.0.0/8', 'fd00::/8', '192.0.2.7');
  expect(['10.255.0.1', '::ffff:10.1.2.3', 'fd12::1', '192.0.2.7', 'fd00::1%eth0'].map(isListed)).toEqual(
    Array(5).fill(true),
  );
  expect(['11.0.0.1', '::ffff:11.1.2.3', 'fe80::1', '192.0.2.8', '', "' OR 1=1--"].map(isListed)).toEqual(
    Array(6).fill(false),
  );
  expect(listOf()('127.0.0.1')).toBe(false);
});

test('addresses are counted by what one customer holds and by the network around it', () => {
  expect(rangesOf('192.0.2.77')).toEqual({ single: '192.0.2.77/32', subnet: '192.0.2.0/24' });
  expect(rangesOf('::ffff:192.0.2.77')).toEqual(rangesOf('192.0.2.77'));
  expect(rangesOf('2001:db8:1:2:3:4:5:6')).toEqual({ single: '2001:db8:1:2::/64', subnet: '2001:db8:1::/48' });
  expect(rangesOf('2001:DB8::1')).toEqual({ single: '2001:db8:0:0::/64', subnet: '2001:db8:0::/48' });
  expect(rangesOf('::1')).toEqual({ single: '0:0:0:0::/64', subnet: '0:0:0::/48' });
  expect(rangesOf('64:ff9b::1.2.3.4')).toEqual({ single: '64:ff9b:0:0::/64', subnet: '64:ff9b:0::/48' });
  expect(rangesOf('nonsense')).toEqual({ single: 'none', subnet: 'none' });
});

test('every IPv6 address lies in its own ranges', () => {
  const contains = (range: string, address: string) => {
    const [base = '', prefix] = range.split('/');
    const list = new BlockList();
    list.addSubnet(base, Number(prefix), 'ipv6');
    return list.check(address, 'ipv6');
  };
  void fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const plain = plainAddress(address);
      if (plain === undefined || !isIPv6(plain)) return;
      const { single, subnet } = rangesOf(plain);
      expect([contains(single, plain), contains(subnet, plain)]).toEqual([true, true]);
    }),
  );
});

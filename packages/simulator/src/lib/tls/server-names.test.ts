import { expect, test } from 'vitest';
import { serverNames } from './server-names.ts';

test('a server has the names of this machine, its address, and those given, each once', () => {
  expect(serverNames('127.0.0.1', [])).toEqual(['localhost', '127.0.0.1', '::1']);
  expect(serverNames('192.0.2.7', ['login.sim.test', '*.sim.test', 'login.sim.test', '2001:db8::1'])).toEqual([
    'localhost',
    '127.0.0.1',
    '::1',
    '192.0.2.7',
    'login.sim.test',
    '*.sim.test',
    '2001:db8::1',
  ]);
});

test('an address that stands for all of them is nobody’s name', () => {
  expect(serverNames('0.0.0.0', [])).not.toContain('0.0.0.0');
  expect(serverNames('::', [])).not.toContain('::');
});

test('a name in other letters is written as the network knows it', () => {
  expect(serverNames('127.0.0.1', ['Bücher.Test'])).toContain('xn--bcher-kva.test');
});

test.each(['', 'two words', 'https://sim.test', 'sim.test:8443', '*', 'a.*.test', '-x.test', 'x..test'])(
  'what no server can be called is refused: %j',
  (name) => {
    expect(() => serverNames('127.0.0.1', [name])).toThrow(TypeError);
  },
);

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readToml } from './toml.ts';

const read = (text: string) => {
  const found = readToml(text);
  return found.ok
    ? Object.fromEntries([...found.tables].map(([name, table]) => [name, Object.fromEntries(table)]))
    : found;
};

test('tables and every kind of value are read as the text of a setting', () => {
  const text = `# profiles
top = 1
[default]   # the first
  client_credentials = 'a\\b#c' # kept
  client_secret = "x\\"y\\u00e4\\U0001F600\\n"
  logging_enabled = false
  channels = ["shop", "sales"]

["a b".'c.d']\r
when = 1979-05-27T07:32:00Z\r
one . two = "3"`;
  expect(read(text)).toEqual({
    '': { top: '1' },
    default: {
      client_credentials: 'a\\b#c',
      client_secret: 'x"yä😀\n',
      logging_enabled: 'false',
      channels: 'shop,sales',
    },
    'a b': {},
    'a b.c.d': { when: '1979-05-27T07:32:00.000Z' },
    'a b.c.d.one': { two: '3' },
  });
});

test.each([
  ['[a]\nb = [[1], [2]]', 'a.b'],
  ['[[a]]\nb = 1', 'a'],
  ['[a]\n[b]\n[a]', 'line 3'],
  ['[a]\nb = 1\nb = 2', 'line 3'],
  ['\n\nb = "secret', 'line 3'],
  ['b = "\\x"', 'line 1'],
])('what is not understood is told by its place alone: %j', (text, where) => {
  expect(readToml(text)).toEqual({ ok: false, where });
});

test('whatever is written as texts is read back', () => {
  const texts = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), { noNullPrototype: true });
  void fc.assert(
    fc.property(texts, (table) => {
      const lines = Object.entries(table).map(([name, value]) => `${quoted(name)} = ${quoted(value)}`);
      expect(read(`[p]\n${lines.join('\n')}`)).toEqual({ p: table });
    }),
  );
});

/** A basic string of TOML: JSON's, but for characters that TOML wants escaped too. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}

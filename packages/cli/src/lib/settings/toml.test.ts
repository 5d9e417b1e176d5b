import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readToml } from './toml.ts';

const read = (text: string) => {
  const found = readToml(text);
  return found.ok
    ? Object.fromEntries([...found.tables].map(([name, table]) => [name, Object.fromEntries(table)]))
    : found;
};

test('tables, comments and every kind of text are read, as `gc` and people write them', () => {
  const text = `# profiles
top = 1
[default]   # the first
  client_credentials = 'a\\b#c' # kept
  client_secret = "x\\"y\\u00e4\\U0001F600\\n"
  logging_enabled = false
  long = """
one \\\\
\\
   two"""
  raw = '''
'three'
four'''

["a b".'c.d']\r
when = 1979-05-27T07:32:00Z\r
one . two = "3"`;
  expect(read(text)).toEqual({
    '': { top: '1' },
    default: {
      client_credentials: 'a\\b#c',
      client_secret: 'x"yä😀\n',
      logging_enabled: 'false',
      long: 'one \\\ntwo',
      raw: "'three'\nfour",
    },
    'a b.c.d': { when: '1979-05-27T07:32:00Z', 'one.two': '3' },
  });
});

test.each([
  ['[a]\nb = [1, 2]', 2],
  ['[a]\nb = { c = 1 }', 2],
  ['[[a]]', 1],
  ['[a]\n[b]\n[a]', 3],
  ['[a]\nb = 1\nb = 2', 3],
  ['\n\nb = "unfinished', 3],
  ['b = "\\x"', 1],
  ['b = "\\ud800"', 1],
  ['b = 1 c = 2', 1],
  ['b', 1],
  ['[a] b = 1', 1],
])('what is not understood is told by its line alone: %j', (text, line) => {
  expect(readToml(text)).toEqual({ ok: false, line });
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

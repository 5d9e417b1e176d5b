import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, createCanonicalJson } from './canonical-json.ts';

const anyJson = fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 });

test('the sample of RFC 8785 section 3.2 is written as the RFC writes it', () => {
  const sample = String.raw`{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  }`;
  expect(canonicalJson(JSON.parse(sample))).toBe(
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  );
});

test('members are sorted by UTF-16 code units, as in RFC 8785 section 3.2.3', () => {
  const sample = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '\ud83d\ude00': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  };
  const order = [...canonicalJson(sample).matchAll(/:"([^"]*)"/g)].map(([, name]) => name);
  expect(order).toEqual([
    'Carriage Return',
    'One',
    'Control',
    'Latin Small Letter O With Diaeresis',
    'Euro Sign',
    'Emoji: Grinning Face',
    'Hebrew Letter Dalet With Dagesh',
  ]);
});

test('any JSON value is written as the reference implementation writes it', () => {
  fc.assert(
    fc.property(anyJson, (value) => {
      expect(canonicalJson(value)).toBe(canonicalize(value));
    }),
    { numRuns: 2_000 },
  );
});

test('a writer that remembers shapes writes the same, however many shapes it has met', () => {
  const remembering = createCanonicalJson();
  fc.assert(
    fc.property(anyJson, (value) => {
      expect(remembering(value)).toBe(canonicalJson(value));
      expect(remembering(value)).toBe(canonicalJson(value));
    }),
    { numRuns: 500 },
  );
  expect(remembering({ b: 1, a: 2 })).toBe('{"a":2,"b":1}');
  expect(remembering({ a: 2, b: 1 })).toBe('{"a":2,"b":1}');
});

test('members that are undefined are left out, first, last and all of them', () => {
  expect(canonicalJson({ a: undefined, b: 1, c: undefined })).toBe('{"b":1}');
  expect(canonicalJson({ a: undefined })).toBe('{}');
});

test('a member called __proto__ is a member like any other', () => {
  expect(canonicalJson(JSON.parse('{"__proto__":{"a":1},"a":2}'))).toBe('{"__proto__":{"a":1},"a":2}');
});

test.each([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['a bigint', 1n],
  ['undefined', undefined],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['a lone surrogate', '\ud800'],
  ['a lone surrogate in a key', { '\udc00': 1 }],
  ['undefined in an array', [undefined]],
  ['a date', { at: new Date(0) }],
  ['a map', new Map()],
])('%s has no canonical form', (_name, value) => {
  expect(() => canonicalJson(value)).toThrow(TypeError);
  expect(() => createCanonicalJson()({ deep: [value] })).toThrow(TypeError);
});

import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonError, readJson } from './json.ts';

const read = (body: string | Uint8Array, type: string | undefined = 'application/json') =>
  readJson({
    status: 200,
    headers: type === '' ? {} : { 'content-type': type },
    body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
  });

const faultOf = (run: () => unknown) => {
  try {
    return run();
  } catch (error) {
    return error instanceof JsonError ? error.fault : error;
  }
};

test('JSON is read under its own type and under +json types', () => {
  for (const type of [
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'Application/JSON ; x=y',
    'application/problem+json',
    'application/vnd.api.v2+json; charset=utf-8',
  ]) {
    expect(read('{"guestId":"g"}', type), type).toEqual({ guestId: 'g' });
  }
});

test('what is declared as anything else is not read', () => {
  for (const type of [
    '',
    'text/html',
    'text/json',
    'application/jsonp',
    'application/json5',
    'application/+json',
    'x application/json',
    'application/json,text/html',
  ]) {
    expect(
      faultOf(() => read('{}', type)),
      type,
    ).toBe('not_json');
  }
});

test('bytes that are not UTF-8 are refused, not repaired', () => {
  for (const bytes of [
    [0xff, 0xfe],
    [0x22, 0xc0, 0x80, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
    [0x22, 0xe2, 0x82, 0x22],
  ]) {
    expect(faultOf(() => read(Uint8Array.from(bytes)))).toBe('bad_utf8');
  }
});

test('text that does not parse is refused without being quoted', () => {
  for (const text of ['', '{', '<html>hunter2</html>', '{"a":hunter2}', "{'a':1}", '{"a":1,}', 'NaN', '01']) {
    expect(
      faultOf(() => read(text)),
      text,
    ).toBe('bad_json');
  }
  const error = (() => {
    try {
      return read('hunter2');
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
});

test('a byte order mark is passed over', () => {
  expect(read('\ufeff{"a":1}')).toEqual({ a: 1 });
});

test('a body that is a window into a larger buffer is read within its bounds', () => {
  const large = new TextEncoder().encode('xx{"a":"é"}yy');
  expect(read(large.subarray(2, large.byteLength - 2))).toEqual({ a: 'é' });
});

test('a key __proto__ reaches no prototype', () => {
  const value = read('{"__proto__":{"polluted":true},"a":{"\\u005f_proto__":1}}');
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(value).not.toHaveProperty('polluted');
  expect(Object.keys(Object(value))).toEqual(['__proto__', 'a']);
});

test('any JSON comes back as it was written, and any bytes give a value or a named fault', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(read(text)).toEqual(JSON.parse(text));
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const outcome = faultOf(() => read(bytes));
      expect(outcome).not.toBeInstanceOf(Error);
    }),
  );
});

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BodyLimits, readJsonBody } from './body.ts';

type Body = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

function post(body: Body, headers: Record<string, string> = {}): Request {
  return new Request('http://gateway.test/v1/guests', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    ...(body instanceof ReadableStream && { duplex: 'half' as const }),
  });
}

const read = (body: Body, limits?: BodyLimits) => readJsonBody(post(body), limits);

async function codeOf(body: Body, headers?: Record<string, string>): Promise<string> {
  const result = await readJsonBody(post(body, headers));
  return result.ok ? 'accepted' : result.error.code;
}

test.each([
  'application/json',
  'Application/JSON',
  'application/json; charset=utf-8',
  'application/json;charset="UTF-8"',
])('a body is accepted as %s', async (type) => {
  expect(await codeOf('{}', { 'content-type': type })).toBe('accepted');
});

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/jsonp',
  'application/xml',
  'application/json; charset=utf-16',
  'application/json; charset=utf-8; charset=utf-16',
  'application/json;;;',
  'application/json; version=1',
  'application/json, application/json',
  'application/problem+json',
])('a body is refused as %s', async (type) => {
  expect(await codeOf('{}', { 'content-type': type })).toBe('unsupported_media_type');
});

test('a body without Content-Type is refused', async () => {
  const request = new Request('http://gateway.test/', { method: 'POST', body: new TextEncoder().encode('{}') });
  expect(await readJsonBody(request)).toMatchObject({ ok: false, error: { code: 'unsupported_media_type' } });
});

test.each(['gzip', 'br', 'deflate', 'identity', 'gzip, gzip'])('a body encoded with %s is refused', async (coding) => {
  expect(await codeOf('{}', { 'content-encoding': coding })).toBe('unsupported_media_type');
});

test.each([
  ['nothing', ''],
  ['white space', ' \n'],
  ['half an object', '{'],
  ['a trailing comma', '{"a":1,}'],
  ['single quotes', "{'a':1}"],
  ['a comment', '{"a":1 /* b */}'],
  ['NaN', '{"a":NaN}'],
  ['Infinity', '{"a":Infinity}'],
  ['a leading zero', '{"a":01}'],
  ['a plus sign', '{"a":+1}'],
  ['a bare fraction', '{"a":.5}'],
  ['two values', '{}{}'],
  ['a raw line break in a string', '{"a":"\n"}'],
  ['an unclosed string', '{"a":"b'],
  ['an escape at the end', '{"a":"\\'],
  ['a byte order mark', '\ufeff{}'],
  ['a key twice', '{"a":1,"a":2}'],
  ['a key twice in an inner object', '{"b":[{"a":1,"a":2}]}'],
  ['a key twice, once escaped', '{"a":1,"\\u0061":2}'],
  ['__proto__', '{"__proto__":{}}'],
  ['__proto__ escaped', '{"\\u005f_proto__":{}}'],
  ['__proto__ in an inner object', '{"a":{"b":[1,{"__proto__":1}]}}'],
  ['prototype inside constructor', '{"constructor":{"prototype":{}}}'],
  ['prototype inside constructor, both escaped', '{"\\u0063onstructor":{"a":1,"prototyp\\u0065":1}}'],
])('%s is refused as an invalid body', async (_name, text) => {
  expect(await codeOf(text)).toBe('body_invalid');
});

test.each([
  ['stray bytes', [0xff, 0xfe, 0x80]],
  ['an overlong form', [0x22, 0xc0, 0x80, 0x22]],
  ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ['a cut sequence', [0x22, 0xe2, 0x82, 0x22]],
  ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
])('%s is refused as an invalid body', async (_name, bytes) => {
  expect(await codeOf(Uint8Array.from(bytes))).toBe('body_invalid');
});

test.each([
  ['null', null],
  ['[]', []],
  ['"x"', 'x'],
  ['-0', -0],
  ['true', true],
  [' {"a" : {"a" : [1, "}", "\\"", {"a":2}]}, "b":1e3 } ', { a: { a: [1, '}', '"', { a: 2 }] }, b: 1000 }],
  ['{"constructor":"x","prototype":"y","proto":"__proto__"}', { constructor: 'x', prototype: 'y', proto: '__proto__' }],
  ['{"constructor":[{"prototype":1}]}', { constructor: [{ prototype: 1 }] }],
  ['{"constructor":{"a":{"prototype":1}}}', { constructor: { a: { prototype: 1 } } }],
])('%s is handed on', async (text, value) => {
  expect(await read(text)).toEqual({ ok: true, value });
});

test('eight levels are accepted and nine are refused', async () => {
  expect(await codeOf('['.repeat(8) + ']'.repeat(8))).toBe('accepted');
  expect(await codeOf('['.repeat(9) + ']'.repeat(9))).toBe('body_invalid');
  expect(await codeOf(`${'{"a":'.repeat(8)}1${'}'.repeat(8)}`)).toBe('accepted');
  expect(await codeOf(`${'{"a":'.repeat(9)}1${'}'.repeat(9)}`)).toBe('body_invalid');
});

test('the deepest nesting that fits is refused without being parsed', async () => {
  const texts = ['['.repeat(16_000) + ']'.repeat(16_000), '{"a":'.repeat(6_500), '['.repeat(32_768)];
  const startedAt = process.hrtime.bigint();
  const results = await Promise.all(texts.map((text) => read(text)));
  const spanMs = Number(process.hrtime.bigint() - startedAt) / 1e6;
  expect(results.map((result) => !result.ok && result.error.detail)).toEqual(
    texts.map(() => 'The body is nested deeper than 8 levels.'),
  );
  expect(spanMs).toBeLessThan(250);
});

test('a hundred thousand keys are read in time that grows with their number alone', async () => {
  const text = JSON.stringify(Object.fromEntries([...Array(100_000).keys()].map((key) => [`k${key}`, key])));
  const startedAt = process.hrtime.bigint();
  expect(await read(text, { maxBytes: 4_000_000 })).toMatchObject({ ok: true });
  expect(Number(process.hrtime.bigint() - startedAt) / 1e6).toBeLessThan(2_000);
});

test('a body of exactly the limit is accepted and one byte more is refused', async () => {
  const exact = `"${'x'.repeat(32_766)}"`;
  expect(await codeOf(exact)).toBe('accepted');
  expect(await codeOf(`${exact} `)).toBe('body_too_large');
  expect(await codeOf(exact, { 'content-length': '32769' })).toBe('body_too_large');
});

test('a stream without an end is left as soon as it exceeds the limit', async () => {
  let pulls = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulls += 1;
      controller.enqueue(new Uint8Array(10_000).fill(0x20));
    },
  });
  expect(await codeOf(endless)).toBe('body_too_large');
  expect(pulls).toBeLessThan(8);
});

test('a caller who goes away in the middle is told apart from a bad body', async () => {
  const broken = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"a":'));
      controller.error(new Error('gone'));
    },
  });
  expect(await codeOf(broken)).toBe('aborted');
});

test('a refusal repeats nothing of the body', async () => {
  const result = await read('{"canary-4711":canary-4711}');
  expect(
    result.ok ? 'accepted' : JSON.stringify([result.error, result.error.message, String(result.error.cause)]),
  ).not.toContain('canary');
});

const bodyCodes = ['body_invalid', 'body_too_large'];

test('any bytes give a value or a refusal, and a value is what JSON.parse makes of them', async () => {
  const jsonish = fc.stringMatching(/^[[\]{}",:\\ua01e.\-_ntf ]{0,40}$/);
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json({ maxDepth: 10 }).map((text) => new TextEncoder().encode(text)),
    jsonish.map((text) => new TextEncoder().encode(text)),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (input) => {
      const result = await read(Uint8Array.from(input), { maxBytes: 400 });
      if (result.ok) expect(result.value).toEqual(JSON.parse(Buffer.from(input).toString('utf8')));
      else expect(bodyCodes).toContain(result.error.code);
    }),
    { numRuns: 2_000 },
  );
});

test('any JSON value that is not too deep and names no prototype is accepted as it is', async () => {
  const value = fc.jsonValue({ maxDepth: 6 }).filter((json) => !JSON.stringify(json).includes('__proto__'));
  await fc.assert(
    fc.asyncProperty(value, async (json) => {
      const text = JSON.stringify(json);
      expect(await read(text, { maxBytes: 1_000_000 })).toEqual({ ok: true, value: JSON.parse(text) });
    }),
    { numRuns: 500 },
  );
});

import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { callRaw, exchangeRaw } from '@guestpass/gateway/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshPayload } from './support/payload.ts';
import { openStage, type Stage } from './support/stage.ts';

// What strangers send: each kind gets one exact answer, costs nobody anything, and the next guest comes in as ever.

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({
    gateway: {
      websites: [{ origin: 'https://shop.example' }, { origin: 'https://chat.example', channelId: 'demo' }],
      requireOrigin: false,
    },
    platform: {},
  });
  await stage.ask(freshPayload());
}, 60_000);

afterAll(() => stage?.[Symbol.asyncDispose]());

const port = () => Number(new URL(stage.gateway.url).port);

/** What is said over and over must not be repeated to whoever reads the answer. */
const canary = 'canary-9f3a';

const json = (change: Readonly<Record<string, unknown>> = {}) => JSON.stringify(freshPayload(change));

/** A whole request as bytes; `head` is everything between the request line and the empty line. */
const post = (body: string, head: readonly string[] = []) =>
  [
    'POST /v1/guests HTTP/1.1',
    'Host: gateway.test',
    'Content-Type: application/json',
    ...(head.some((line) => /^(?:content-length|transfer-encoding)\b/i.test(line))
      ? []
      : [`Content-Length: ${Buffer.byteLength(body)}`]),
    'Connection: close',
    ...head,
    '',
    body,
  ].join('\r\n');

interface Answer {
  readonly status: number;
  readonly code: string | null;
}

/** `status code`, and what a problem must be beside that. */
function told({ status, code }: Answer): string {
  return `${status} ${code ?? ''}`.trim();
}

async function raw(bytes: string | Uint8Array): Promise<string> {
  const text = await exchangeRaw(port(), bytes);
  const answers = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
  const codes = [...text.matchAll(/"code":"(\w+)"/g)].map(([, code]) => code);
  expect(text).not.toContain(canary);
  if (codes.length > 0) expect(text.toLowerCase()).toContain('content-type: application/problem+json');
  return answers.map((status, index) => `${status} ${codes[index] ?? ''}`.trim()).join(', ');
}

async function send(
  body: string | Uint8Array<ArrayBuffer> | undefined,
  headers: Readonly<Record<string, string>> = {},
) {
  const response = await fetch(`${stage.gateway.url}/v1/guests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  expect(text).not.toContain(canary);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  if (response.status >= 400) expect(response.headers.get('content-type')).toBe('application/problem+json');
  // A cast, because the answer is our own gateway's.
  const { code = null, requestId } = JSON.parse(text) as { code?: string; requestId?: string };
  if (response.status >= 400) expect(requestId).toBe(response.headers.get('x-request-id'));
  return told({ status: response.status, code });
}

async function tally() {
  const [row] = await stage.database.query(`
    select (select count(*)::int from guestpass.attempts) as attempts,
      (select count(*)::int from guestpass.deliveries) as deliveries`);
  const { guestRequests, captchaRequests } = stage.simulator.stats();
  return { ...row, guestRequests, captchaRequests };
}

type Case = readonly [answer: string, ask: () => Promise<string>];

/** Each case gets its answer and costs nothing; after each, a guest comes in as ever. */
async function expectAll(cases: Readonly<Record<string, Case>>, cost: { readonly attempts: boolean }): Promise<void> {
  const wanted = Object.fromEntries(Object.entries(cases).map(([name, [answer]]) => [name, answer]));
  const given: Record<string, string> = {};
  for (const [name, [, ask]] of Object.entries(cases)) {
    const before = await tally();
    given[name] = await ask();
    const after = await tally();
    if (cost.attempts) expect({ name, ...after }).toMatchObject({ guestRequests: before.guestRequests });
    else expect({ name, ...after }).toEqual({ name, ...before });
    expect({ name, captchaRequests: after.captchaRequests }).toEqual({ name, captchaRequests: before.captchaRequests });
    const began = performance.now();
    expect({ name, next: (await stage.ask(freshPayload())).status }).toEqual({ name, next: 201 });
    // Nobody is held up; other tests may have the processors for a moment.
    expect(performance.now() - began).toBeLessThan(2_000);
  }
  expect(given).toEqual(wanted);
  expect(stage.witness.problems).toEqual([]);
}

const nothing = { attempts: false };

test('framing that could be read in two ways ends the connection with one answer', async () => {
  const chunked = (coding: string) => post('5\r\nhello\r\n0\r\n\r\n', [`Transfer-Encoding: ${coding}`]);
  const length = (value: string) => post(json(), [`Content-Length: ${value}`]);
  const line = (text: string) => post(json(), [text]);
  const bad = '400 http_malformed';
  await expectAll(
    {
      'length and coding': [bad, () => raw(post(json(), ['Content-Length: 5', 'Transfer-Encoding: chunked']))],
      'two lengths': [bad, () => raw(post(json(), ['Content-Length: 5', 'Content-Length: 6']))],
      'a negative length': [bad, () => raw(length('-5'))],
      'a length in scientific notation': [bad, () => raw(length('1e3'))],
      'a list of lengths': [bad, () => raw(length('5, 5'))],
      'a length with a sign': [bad, () => raw(length('+5'))],
      'an unknown coding': [bad, () => raw(chunked('xchunked'))],
      'two codings': [bad, () => raw(chunked('chunked, identity'))],
      'a coding with a tab of another kind': [bad, () => raw(chunked('Chunked\x0b'))],
      'a chunk of no size': [bad, () => raw(post('zz\r\nhello\r\n0\r\n\r\n', ['Transfer-Encoding: chunked']))],
      'bare line feeds': [bad, () => raw(post(json()).replaceAll('\r\n', '\n'))],
      'a folded header': [bad, () => raw(line('X-Folded: a\r\n b'))],
      'a space before the colon': [bad, () => raw(line('X-Space : a'))],
      'a NUL in a header': [bad, () => raw(line('X-Nul: a\0b'))],
      'a CR in a header': [bad, () => raw(line('X-Cr: a\rb'))],
      'no host': [bad, () => raw(post(json()).replace('Host: gateway.test\r\n', ''))],
      'two hosts': [bad, () => raw(line('Host: other.test'))],
      'a host with a user': [bad, () => raw(post(json()).replace('gateway.test', 'me@gateway.test'))],
      'a host with a path': [bad, () => raw(post(json()).replace('gateway.test', 'gateway.test/x'))],
      'twenty thousand bytes of headers': ['431 headers_too_large', () => raw(line(`X-Long: ${'a'.repeat(20_000)}`))],
      'three thousand headers': [
        '431 headers_too_large',
        () =>
          raw(
            post(
              json(),
              Array.from({ length: 3_000 }, (_, index) => `A${index}: 1`),
            ),
          ),
      ],
      'no version': [bad, () => raw('GET /v1/guests\r\n\r\n')],
      'version 3.0': [bad, () => raw(post(json()).replace('HTTP/1.1', 'HTTP/3.0'))],
      'the start of HTTP/2': [bad, () => raw('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
      'the start of TLS': [bad, () => raw(Buffer.from('16030100a5010000a10303', 'hex'))],
      'bytes that are nothing': [bad, () => raw(Buffer.from('00ff00ff0d0a0d0a', 'hex'))],
      'an absolute address': [bad, () => raw(post(json()).replace('/v1/guests', `http://${canary}.test/v1/guests`))],
      'a tunnel': [bad, () => raw('CONNECT gateway.test:443 HTTP/1.1\r\nHost: gateway.test\r\n\r\n')],
      'a second request behind the body': [
        `422 payload_invalid`,
        () => raw(`${post('{}')}GET /v1/${canary} HTTP/1.1\r\nHost: x\r\n\r\n`),
      ],
      'an expectation nobody knows': [bad, () => raw(line('Expect: miracles'))],
    },
    nothing,
  );
}, 60_000);

test('a body longer than it says is no second request', async () => {
  const body = '{}';
  const head = post(body).replace('Connection: close\r\n', '');
  expect(await raw(`${head}garbage that follows\r\n\r\n`)).toBe('422 payload_invalid, 400 http_malformed');
});

test('who leaves in the middle of a body leaves no trace', async () => {
  const before = await tally();
  {
    using caller = await callRaw(port());
    caller.write(post(json(), ['Content-Length: 5000']).slice(0, 220));
  }
  expect((await stage.ask(freshPayload())).status).toBe(201);
  expect((await tally()).guestRequests).toBe(before.guestRequests + 1);
  expect(stage.witness.problems).toEqual([]);
});

test('other methods and other ways to write the path lead nowhere else', async () => {
  const line = (start: string) => raw(`${start} HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n`);
  await expectAll(
    {
      GET: ['405 method_not_allowed', () => line('GET /v1/guests')],
      PUT: ['405 method_not_allowed', () => line('PUT /v1/guests')],
      DELETE: ['405 method_not_allowed', () => line('DELETE /v1/guests')],
      TRACE: ['405 method_not_allowed', () => line('TRACE /v1/guests')],
      BREW: ['400 http_malformed', () => line('BREW /v1/guests')],
      'two slashes': ['404 not_found', () => line('POST //v1/guests')],
      'upper case': ['404 not_found', () => line('POST /V1/GUESTS')],
      'a slash at the end': ['404 not_found', () => line('POST /v1/guests/')],
      'an escape that was not needed': ['400 http_malformed', () => line('POST /v1/%67uests')],
      'an escaped NUL': ['400 http_malformed', () => line('POST /v1/guests%00')],
      'no escape at all': ['400 http_malformed', () => line('POST /%zz')],
      'a way up': ['400 http_malformed', () => line('POST /../admin')],
      'an escaped way up': ['400 http_malformed', () => line('POST /v1/%2e%2e/admin')],
      'a backslash': ['400 http_malformed', () => line('POST /v1\\guests')],
      'what only operators reach': ['404 not_found', () => line('GET /v1/attempts')],
      'the metrics': ['404 not_found', () => line('GET /metrics')],
    },
    nothing,
  );
}, 30_000);

test('an upgrade is not made, and HTTP/1.0 is answered and closed', async () => {
  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  expect(await raw(post(json(), upgrade))).toBe('201');
  expect(await raw(post(json()).replace('HTTP/1.1', 'HTTP/1.0'))).toBe('201');
});

test('a body of another kind is not read', async () => {
  const no = '415 unsupported_media_type';
  const typed = (type: string) => (): Promise<string> => send(json(), { 'content-type': type });
  const coded = (coding: string) => (): Promise<string> =>
    send(new Uint8Array(gzipSync(json())), { 'content-encoding': coding });
  await expectAll(
    {
      'no type': [no, () => raw(post(json()).replace('Content-Type: application/json\r\n', ''))],
      text: [no, typed('text/plain')],
      'a form': [no, typed('application/x-www-form-urlencoded')],
      multipart: [no, typed('multipart/form-data; boundary=x')],
      'nearly JSON': [no, typed('application/jsonp')],
      XML: [no, typed('application/xml')],
      'another charset': [no, typed('application/json; charset=utf-16')],
      'no parameter at all': [no, typed('application/json;;;')],
      gzip: [no, coded('gzip')],
      br: [no, coded('br')],
      'a bomb': [no, () => send(new Uint8Array(gzipSync(Buffer.alloc(10_000_000))), { 'content-encoding': 'gzip' })],
    },
    nothing,
  );
}, 30_000);

test('what is no JSON, or could be taken for another JSON, is refused before it is looked at', async () => {
  const no = '400 body_invalid';
  const bytes = (hex: string) =>
    new Uint8Array(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(hex, 'hex'), Buffer.from('"}')]));
  const texts = [
    '{',
    '{"a":1,}',
    "{'a':1}",
    '{/**/}',
    '{"a":NaN}',
    '{"a":Infinity}',
    '{"a":01}',
    '{"a":+1}',
    '{"a":.5}',
  ];
  const syntax = texts.map((text): [string, Case] => [text, [no, () => send(text)]]);
  const utf8 = ['fffe80', 'c080', 'eda080', 'e282'].map((hex): [string, Case] => [hex, [no, () => send(bytes(hex))]]);
  const deep = [9, 100, 7_000, 16_000].map((depth): [string, Case] => [
    `${depth} levels`,
    [no, () => send(`${'['.repeat(depth)}${']'.repeat(depth)}`)],
  ]);
  const tooLarge = '413 body_too_large';
  await expectAll(
    {
      nothing: [no, () => send('')],
      ...Object.fromEntries([...syntax, ...utf8, ...deep]),
      'a byte order mark': [no, () => send(`\ufeff${json()}`)],
      'a key twice': [no, () => send(`{"channelId":"demo",${json().slice(1)}`)],
      'a key twice inside': [no, () => send(json().replace('"attributes":{', '"attributes":{"origin":"x",'))],
      'a prototype': [no, () => send(json().replace('"attributes":{', '"attributes":{"__proto__":{"x":1},'))],
      'an escaped prototype': [no, () => send(json().replace('"attributes":{', '"attributes":{"\\u005f_proto__":1,'))],
      'a prototype of a constructor': [
        no,
        () => send(json().replace('"attributes":{', '"attributes":{"constructor":{"prototype":1},')),
      ],
      'a byte too many': [tooLarge, () => send(json().padEnd(32_769))],
      'a mebibyte': [tooLarge, () => raw(post('a'.repeat(1_048_576)))],
      'a hundred thousand bytes in chunks': [
        tooLarge,
        () =>
          raw(post(`${(100_000).toString(16)}\r\n${'a'.repeat(100_000)}\r\n0\r\n\r\n`, ['Transfer-Encoding: chunked'])),
      ],
      'chunks without end': [
        tooLarge,
        () => raw(post('1000\r\n'.concat('a'.repeat(4_096), '\r\n').repeat(20), ['Transfer-Encoding: chunked'])),
      ],
    },
    nothing,
  );
}, 60_000);

test('what is no payload is refused, with every fault named and no record made', async () => {
  const no = '422 payload_invalid';
  const values = ['null', '[]', '"x"', '1', 'true'].map((text): [string, Case] => [text, [no, () => send(text)]]);
  const change = (fields: Readonly<Record<string, unknown>>): Case => [no, () => send(json(fields))];
  const wrong: readonly unknown[] = [1, true, null, [], {}, [canary]];
  const types = wrong.map((value): [string, Case] => [
    `a channel that is ${JSON.stringify(value)}`,
    change({ channelId: value }),
  ]);
  const attributes = (value: unknown) => change({ attributes: value });
  await expectAll(
    {
      ...Object.fromEntries([...values, ...types]),
      'no channel': change({ channelId: undefined }),
      'no consent': change({ consent: undefined }),
      'a field nobody knows': change({ isAdmin: canary }),
      'a field nobody knows inside': change({ consent: { ...freshPayload().consent, extra: 1 } }),
      'consent that is a text': change({ consent: { ...freshPayload().consent, accepted: 'true' } }),
      'consent that is a number': change({ consent: { ...freshPayload().consent, accepted: 1 } }),
      'a channel with a line break': change({ channelId: 'demo\nadmin' }),
      'a blank channel': change({ channelId: '   ' }),
      'a channel too long': change({ channelId: 'a'.repeat(257) }),
      'a captcha without an answer': change({ captcha: { provider: 'recaptcha', response: '' } }),
      'a blank captcha answer': change({ captcha: { provider: 'recaptcha', response: '   ' } }),
      'a captcha answer too long': change({ captcha: { provider: 'recaptcha', response: 'a'.repeat(4_097) } }),
      'a captcha answer with a line break': change({ captcha: { provider: 'recaptcha', response: 'ok\r\nX: 1' } }),
      'a score of more than one': change({ captcha: { provider: 'recaptcha', response: 'ok', score: 1.1 } }),
      'a score without end': [no, () => send(json().replace('"provider"', '"score":1e400,"provider"'))],
      'ten thousand attributes': attributes(Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`k${i}`, 1]))),
      'a 33rd attribute': attributes(Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, 1]))),
      'attributes too large': attributes({ a: 'x'.repeat(8_192) }),
      'attributes that are a list': attributes([canary]),
      'a name that is empty': attributes({ '': 1 }),
      'a name too long': attributes({ ['a'.repeat(65)]: 1 }),
      'a name with a space': attributes({ 'a b': 1 }),
      'a name with a dollar': attributes({ $where: 1 }),
      'a name with an emoji': attributes({ 'a😀': 1 }),
      'a name with a NUL': attributes({ 'a\0': 1 }),
      'a NUL': attributes({ a: `${canary}\0` }),
      'a control character': attributes({ a: `${canary}\x1b[31m` }),
      'a line break': attributes({ a: `${canary}\n2026-01-01 INFO admin login ok` }),
      'half a character': [no, () => send(json().replace('automated_test', '\\ud800'))],
      'a number too large': [no, () => send(json().replace('"automated_test"', '9007199254740993'))],
      'a number without end': [no, () => send(json().replace('"automated_test"', '1e400'))],
      'five levels': attributes({ a: { b: { c: { d: { e: 1 } } } } }),
    },
    nothing,
  );
}, 60_000);

test('what came to no attempt names none that could be asked for', async () => {
  const response = await stage.ask(freshPayload({ consent: undefined }));
  // A cast, because the answer is our own gateway's.
  const { instance, requestId } = (await response.json()) as { instance: string; requestId: string };
  expect(instance).toBe(`urn:guestpass:request:${requestId}`);
});

test('consent that was not given, or when nobody gave it, is refused', async () => {
  const stamped = (timestamp: unknown): [string, Case] => [
    `at ${JSON.stringify(timestamp)}`,
    ['422 consent_timestamp_invalid', () => send(json({ consent: { accepted: true, timestamp } }))],
  ];
  const never = [
    ...['2026-02-30T00:00:00Z', '2026-01-01T24:00:00Z', '2026-01-01', '1', 'Jan 1 2026', '2026-01-01T00:00:00'],
    ...[
      '2026-01-01t00:00:00Z',
      '2026-01-01T00:00:00+99:00',
      '2026-06-30T23:59:60Z',
      '٢٠٢٦-٠١-٠١T00:00:00Z',
      1_767_225_600,
    ],
  ];
  await expectAll(Object.fromEntries(never.map(stamped)), nothing);
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  await expectAll(
    {
      'not accepted': ['422 consent_required', () => send(json({ consent: { accepted: false, timestamp: at(0) } }))],
      'in 61 seconds': [
        '422 consent_timestamp_future',
        () => send(json({ consent: { accepted: true, timestamp: at(62_000) } })),
      ],
      'in the last year there is': [
        '422 consent_timestamp_future',
        () => send(json({ consent: { accepted: true, timestamp: '9999-12-31T23:59:59Z' } })),
      ],
      'an hour ago': [
        '422 consent_timestamp_stale',
        () => send(json({ consent: { accepted: true, timestamp: at(-3_600_000) } })),
      ],
      'in 2001': [
        '422 consent_timestamp_stale',
        () => send(json({ consent: { accepted: true, timestamp: '2001-01-01T00:00:00Z' } })),
      ],
    },
    { attempts: true },
  );
}, 30_000);

test('a captcha answer that no provider makes is not shown to the provider', async () => {
  const answer = (response: string): Case => [
    '403 captcha_rejected',
    () => send(json({ captcha: { provider: 'recaptcha', response } })),
  ];
  await expectAll(
    {
      'one character': answer('x'),
      'another parameter': answer(`ok&secret=${canary}`),
      'a space': answer('ok ok'),
      'a quote': answer('ok"'),
      'an emoji': answer('ok😀'),
      'a percent sign': answer('ok%0d%0a'),
      'an ALTCHA answer that is none': [
        '403 captcha_rejected',
        () => send(json({ captcha: { provider: 'altcha', response: canary } })),
      ],
    },
    { attempts: true },
  );
}, 30_000);

test('text that means something elsewhere means nothing here', async () => {
  const texts = [
    ...['<script>alert(1)</script>', '{{7*7}}', '$' + '{jndi:ldap://x}', "' OR 1=1--", '=HYPERLINK("http://x")'],
    ...['../../etc/passwd', '%0d%0a', 'a\u2028b', 'e\u0301', '\u202eabc', 'toString', '🧑‍🚀'.repeat(40)],
  ];
  for (const text of texts) {
    const payload = freshPayload({ attributes: { note: text, toString: text, hasOwnProperty: text, 'a.b': text } });
    expect([text, (await stage.ask(payload)).status]).toEqual([text, 201]);
    // What came is what the platform was given.
    expect(stage.simulator.requests.findLast(({ operation }) => operation === 'guest')?.body).toMatchObject({
      attributes: { note: text, 'a.b': text },
    });
  }
  expect(stage.witness.problems).toEqual([]);
});

test('pages of other websites are refused, not only kept from reading', async () => {
  const no = '403 origin_not_allowed';
  const from = (origin: string): [string, Case] => [origin, [no, () => send(json(), { origin })]];
  const strangers = [
    ...['https://shop.example.evil.com', 'https://evilshop.example', 'https://shop.example.', 'http://shop.example'],
    ...['https://shop.example:8443', 'null', 'https://shop.example/', 'https://sub.shop.example', 'shop.example', '*'],
    ...[
      'https://xn--shp-qdd.example',
      'https://shop.example, https://shop.example',
      'https://shop.example https://x.example',
    ],
  ];
  await expectAll(
    {
      ...Object.fromEntries(strangers.map(from)),
      'two origins': [no, () => raw(post(json(), ['Origin: https://shop.example', 'Origin: https://shop.example']))],
      'a channel of another website': [
        no,
        () => send(json({ channelId: 'your-channel-id' }), { origin: 'https://chat.example' }),
      ],
    },
    nothing,
  );
  expect(await send(json(), { origin: 'https://SHOP.example' })).toBe('201');
  const preflight = (headers: Readonly<Record<string, string>>) =>
    fetch(`${stage.gateway.url}/v1/guests`, { method: 'OPTIONS', headers });
  const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
  const stranger = await preflight({ ...asked, origin: 'https://evil.example' });
  expect([stranger.status, stranger.headers.get('access-control-allow-origin')]).toEqual([204, null]);
  const otherMethod = await preflight({
    ...asked,
    origin: 'https://shop.example',
    'access-control-request-method': 'PUT',
  });
  expect(otherMethod.headers.get('access-control-allow-origin')).toBeNull();
  const friend = await preflight({ ...asked, origin: 'https://shop.example' });
  expect(friend.headers.get('access-control-allow-origin')).toBe('https://shop.example');
}, 30_000);

test('a key that is no key is refused, and what is beside the point is ignored', async () => {
  const no = '400 idempotency_key_invalid';
  const key = (value: string): Case => [no, () => send(json(), { 'idempotency-key': value })];
  await expectAll(
    {
      '15 characters': key('a'.repeat(15)),
      '129 characters': key('a'.repeat(129)),
      'no end of the quote': key(`"${'a'.repeat(20)}`),
      'a tab': key(`${'a'.repeat(10)}\t${'a'.repeat(10)}`),
      'a letter beyond ASCII': key(`é${'a'.repeat(20)}`),
      'two keys': [
        no,
        () =>
          raw(
            post(
              json(),
              Array.from({ length: 2 }, () => `Idempotency-Key: ${'a'.repeat(20)}`),
            ),
          ),
      ],
    },
    nothing,
  );
  const idempotencyKey = randomUUID();
  const payload = freshPayload();
  expect((await stage.ask(payload, { 'idempotency-key': idempotencyKey })).status).toBe(201);
  const other = { ...payload, attributes: { origin: canary } };
  expect(await send(JSON.stringify(other), { 'idempotency-key': idempotencyKey })).toBe('422 idempotency_key_reused');
  expect(await send(json(), { cookie: `a=${'b'.repeat(8_000)}` })).toBe('201');
});

test('who asks too often is told when to come back, whatever address they claim', async () => {
  await using hurried = await openStage({
    gateway: { rates: { address: 10, subnet: 20, channel: 1_000, total: 1_000 } },
  });
  const ask = (index: number) => hurried.ask(freshPayload(), { 'x-forwarded-for': `203.0.113.${index}` });
  const statuses: number[] = [];
  for (let index = 0; index < 13; index += 1) {
    const response = await ask(index);
    statuses.push(response.status);
    if (response.status === 429) {
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(response.headers.get('ratelimit')).toMatch(/"address";r=0/);
      expect(await response.json()).toMatchObject({ code: 'too_many_requests', retryable: true });
    }
  }
  expect(statuses).toEqual([...Array(10).fill(201), 429, 429, 429]);
  expect(hurried.simulator.stats()).toMatchObject({ guestRequests: 10, captchaRequests: 10 });
}, 30_000);

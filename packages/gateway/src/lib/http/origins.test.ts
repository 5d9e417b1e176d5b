import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { createOrigins } from './origins.ts';

const origins = createOrigins({
  allowed: [
    { origin: 'https://example.com' },
    { origin: 'https://shop.test:8443', channelId: 'shop' },
    { origin: 'https://shop.test:8443', channelId: 'sales' },
  ],
});

test('an allowed origin may use its channels', () => {
  expect(origins.refuse('https://example.com', 'any')).toBeUndefined();
  expect(origins.refuse('https://shop.test:8443', 'shop')).toBeUndefined();
  expect(origins.refuse('https://shop.test:8443', 'sales')).toBeUndefined();
  expect(origins.refuse('https://shop.test:8443')).toBeUndefined();
});

test('an origin of one channel may not use another', () => {
  expect(origins.refuse('https://shop.test:8443', 'support')).toMatchObject({ code: 'origin_not_allowed' });
});

test.each([
  'https://example.com.evil.com',
  'https://evilexample.com',
  'https://evil-example.com',
  'https://exаmple.com',
  'https://xn--exmple-4nf.com',
  'https://example.com.',
  'https://example.com/',
  'https://example.com:443',
  'https://example.com:8443',
  'http://example.com',
  'https://www.example.com',
  'https://example.co',
  'https://example.com@evil.com',
  'https://example.com%00.evil.com',
  'https://example.com, https://evil.com',
  'https://example.com https://evil.com',
  'https://example.com, https://example.com',
  'https://shop.test',
  'null',
  '',
  '*',
  'https://',
  'example.com',
])('%j is refused and gets no leave to read', (origin) => {
  expect(origins.refuse(origin, 'shop')).toMatchObject({ code: 'origin_not_allowed' });
  expect(origins.corsHeaders(origin)).toEqual({ Vary: 'Origin' });
});

test('case makes no other origin', () => {
  expect(origins.refuse('HTTPS://Example.COM', 'any')).toBeUndefined();
});

test('once origins are listed, a request without one is refused unless told otherwise', () => {
  expect(origins.refuse(null, 'shop')).toMatchObject({ code: 'origin_not_allowed' });
  expect(createOrigins({ allowed: [] }).refuse(null, 'shop')).toBeUndefined();
  const lenient = createOrigins({ allowed: [{ origin: 'https://example.com' }], required: false });
  expect(lenient.refuse(null, 'shop')).toBeUndefined();
});

test('our own pages may use every channel, also when their address is known only later', () => {
  let own: string[] = [];
  const late = createOrigins({ allowed: [], own: () => own });
  expect(late.refuse('http://127.0.0.1:4000', 'shop')).toMatchObject({ code: 'origin_not_allowed' });
  own = ['http://127.0.0.1:4000'];
  expect(late.refuse('http://127.0.0.1:4000', 'shop')).toBeUndefined();
});

test('an allowed page may read the answer and its headers, never with credentials', () => {
  const headers = origins.corsHeaders('https://example.com');
  expect(headers).toMatchObject({ Vary: 'Origin', 'Access-Control-Allow-Origin': 'https://example.com' });
  expect(headers['Access-Control-Expose-Headers']).toContain('Idempotency-Replayed');
  expect(Object.keys(headers)).not.toContain('Access-Control-Allow-Credentials');
});

const app = new Hono();
app.options(
  '/v1/guests',
  ({ req }) => new Response(null, { status: 204, headers: origins.preflightHeaders(req.raw.headers) }),
);

const preflight = (headers: Record<string, string>) => app.request('/v1/guests', { method: 'OPTIONS', headers });

test('a preflight for what the route takes is agreed to', async () => {
  const { headers } = await preflight({
    origin: 'https://example.com',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type, Idempotency-Key',
  });
  expect(headers.get('access-control-allow-origin')).toBe('https://example.com');
  expect(headers.get('access-control-allow-methods')).toBe('GET, POST');
  expect(headers.get('access-control-max-age')).toBe('600');
  expect(headers.get('access-control-allow-credentials')).toBeNull();
});

test.each([
  ['another origin', { origin: 'https://evil.com' }],
  ['another method', { 'access-control-request-method': 'DELETE' }],
  ['another header', { 'access-control-request-headers': 'content-type, x-evil' }],
  ['credentials in a header', { 'access-control-request-headers': 'authorization' }],
  ['no method', { 'access-control-request-method': '' }],
])('a preflight with %s is answered without leave', async (_name, change) => {
  const response = await preflight({
    origin: 'https://example.com',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
    ...change,
  });
  expect(response.status).toBe(204);
  expect(response.headers.get('access-control-allow-origin')).toBeNull();
  expect(response.headers.get('vary')).toContain('Origin');
});

import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { addSecurityHeaders, securityHeaders, serverTiming } from './headers.ts';

test('every answer of an app carries the security headers, and a page keeps its own policy', async () => {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    addSecurityHeaders(context.res.headers);
  });
  app.get('/plain', (context) => context.json({}));
  app.get('/page', (context) => context.html('<p>', 200, { 'Content-Security-Policy': "default-src 'self'" }));
  for (const path of ['/plain', '/page', '/nowhere']) {
    const { headers } = await app.request(path);
    const policy = path === '/page' ? "default-src 'self'" : securityHeaders['Content-Security-Policy'];
    for (const [name, value] of Object.entries({ ...securityHeaders, 'Content-Security-Policy': policy })) {
      expect(headers.get(name)).toBe(value);
    }
    expect(headers.get('server')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
  }
});

test('the stages are told with two decimals at most, in their order', () => {
  expect(serverTiming({ payload: 0, token: 12.345678, guest: 168.2 })).toBe(
    'payload;dur=0, token;dur=12.35, guest;dur=168.2',
  );
  expect(serverTiming({})).toBeUndefined();
});

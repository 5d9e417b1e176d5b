import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBuiltPage } from './built-page.ts';
import { createSite } from './site.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guestpass-pages-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

const html = '<!doctype html><title>Page</title>';
const script = 'console.log(1);'.repeat(50);

async function build() {
  await mkdir(join(directory, 'assets'), { recursive: true });
  await writeFile(join(directory, 'page.html'), html);
  await writeFile(join(directory, 'assets', 'page-CTF1VvmK.js'), script);
}

function pageOf(at = directory) {
  const page = createBuiltPage({ site: createSite(at), at: '/page', contentSecurityPolicy: "default-src 'none'" });
  return (path: string, headers: Record<string, string> = {}) =>
    page(new Request(`http://gateway.test${path}`, { headers }));
}

test('the page is answered at its address and at every view below it, and asked for again each time', async () => {
  await build();
  const get = pageOf();
  for (const path of ['/page', '/page/', '/page/attempts?outcome=failed']) {
    const response = await get(path);
    expect([response.status, await response.text()]).toEqual([200, html]);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'",
      'cache-control': 'no-cache',
    });
  }
});

test('a file whose name holds its hash may be kept for ever', async () => {
  await build();
  const response = await pageOf()('/page/assets/page-CTF1VvmK.js');
  expect(await response.text()).toBe(script);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'Accept-Encoding',
  });
});

test('a browser that takes gzip gets it', async () => {
  await build();
  const response = await pageOf()('/page/assets/page-CTF1VvmK.js', { 'accept-encoding': 'br, gzip' });
  expect(response.headers.get('content-encoding')).toBe('gzip');
  expect(gunzipSync(await response.arrayBuffer()).toString()).toBe(script);
});

test('a browser that has the file is not sent it again', async () => {
  await build();
  const get = pageOf();
  const etag = (await get('/page')).headers.get('etag') ?? '';
  const again = await get('/page', { 'if-none-match': `"other", W/${etag}` });
  expect([again.status, await again.text()]).toEqual([304, '']);
  expect((await get('/page', { 'if-none-match': '"other"' })).status).toBe(200);
});

test('a file that was not built is not found, and no path leads out of the directory', async () => {
  await build();
  const get = pageOf(join(directory, 'assets'));
  expect((await get('/page/assets/missing-CTF1VvmK.js')).status).toBe(404);
  expect((await get('/page/assets/%2e%2e/page.html')).status).toBe(404);
});

test('a page that was not built says how to build it, and is there once it was', async () => {
  rmSync(directory, { recursive: true });
  const get = pageOf();
  const response = await get('/page');
  expect([response.status, await response.text()]).toEqual([404, expect.stringContaining('scripts/build-console.mjs')]);
  await build();
  expect((await get('/page')).status).toBe(200);
});

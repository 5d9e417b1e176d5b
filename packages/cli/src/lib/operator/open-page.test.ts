import { ExchangeError, type HttpRequest } from 'guestpass/http';
import { expect, test } from 'vitest';
import { type Props, play } from '../testing/play.ts';

/** A gateway that has these pages, and a browser. */
function world({ status = 200, ...props }: Props & { readonly status?: number } = {}) {
  const asked: string[] = [];
  const opened: string[] = [];
  const exchange = async ({ url }: HttpRequest) => {
    asked.push(url);
    if (status === 0) throw new ExchangeError('connection_refused', { sent: 'no' });
    return { status, headers: {}, body: new Uint8Array() };
  };
  const openBrowser = async (url: string) => opened.push(url) > 0;
  const open = (...argv: string[]) => play(['open', ...argv], { exchange, openBrowser, ...props });
  return { open, asked, opened };
}

test('at a terminal the page is told and opened, and no token goes with it', async () => {
  const env = { GUESTPASS_OPERATOR_TOKEN: 'a-secret-token' };
  const { open, opened } = world({ tty: true, env });
  const { code, out, err } = await open('console');
  expect({ code, out }).toEqual({ code: 0, out: 'http://127.0.0.1:4001/console\n' });
  expect(err).toBe('It asks you to sign in: no token is handed over here.\n');
  expect(opened).toEqual(['http://127.0.0.1:4001/console']);
});

test('where nobody sits the page is told alone', async () => {
  const { open, opened } = world({ env: { HOST: '0.0.0.0', GUESTPASS_PORT: '4100' } });
  expect(await open('guest', '--channel', 'a&b')).toEqual({
    code: 0,
    out: 'http://127.0.0.1:4100/guest?channel=a%26b\n',
    err: '',
  });
  expect(JSON.parse((await open('docs', '--json', '--url', 'http://[::1]:4003/')).out)).toEqual({
    page: 'docs',
    url: 'http://[::1]:4003/docs',
  });
  expect(opened).toEqual([]);
});

test('a browser that is not there is no failure', async () => {
  const { open } = world({ tty: true, openBrowser: async () => false });
  expect(await open('guest')).toMatchObject({ code: 0, err: 'No program is here that opens it.\n' });
});

test('a page that asks to sign in first is there', async () => {
  const { open, opened } = world({ tty: true, status: 401 });
  expect(await open('docs')).toMatchObject({ code: 0, out: 'http://127.0.0.1:4001/docs\n' });
  expect(opened).toEqual(['http://127.0.0.1:4001/docs']);
});

test.each([0, 404])('a page that does not answer is not opened: %i', async (status) => {
  const { open, opened } = world({ tty: true, status });
  const { code, out, err } = await open('guest');
  expect({ code, out, opened }).toEqual({ code: 5, out: '', opened: [] });
  expect(err).toContain('Next: Start one with guestpass serve, or say where it is with --url.');
});

test('a page that there is not is told with those there are', async () => {
  const { open, asked } = world();
  expect(await open('dashboard')).toMatchObject({ code: 2, err: expect.stringContaining('console, guest, docs') });
  expect(await open('docs', '--url', 'http://u:p@x/')).toMatchObject({ code: 2 });
  expect(asked).toEqual([]);
});

import { expect, test } from 'vitest';
import type { GuestSocket } from '../testing/guest-socket.ts';
import { ask, fieldOf, type Stage, stage, text, token } from '../testing/guest-talk.ts';
import { readJson } from '../testing/requests.ts';

const bearer = async (socket: GuestSocket) => fieldOf(await ask(socket, { action: 'getJwt', token }), 'jwt');

const read = async ({ simulator }: Stage, jwt: string | null, { query = '', headers = {} } = {}) => {
  const authorization = jwt === null ? {} : { Authorization: `bearer ${jwt}` };
  const asked = new Request(`http://simulator.test/api/v2/webmessaging/messages${query}`, {
    headers: { ...authorization, ...headers },
  });
  const response = await simulator.fetch(asked);
  return { response, status: response.status, body: await readJson(response) };
};

const say = async (socket: GuestSocket, ...said: readonly string[]) => {
  for (const words of said) await ask(socket, text(words));
};

test('history is read newest first, by pages', async () => {
  await using on = await stage();
  using socket = await on.join();
  await say(socket, 'one', 'two', 'three');
  const jwt = await bearer(socket);
  const first = await read(on, jwt, { query: '?pageSize=2' });
  expect([first.status, first.body]).toEqual([
    200,
    {
      entities: [
        expect.objectContaining({ text: 'three', direction: 'Inbound', type: 'Text' }),
        expect.objectContaining({ text: 'two' }),
      ],
      pageSize: 2,
      pageNumber: 1,
      total: 3,
      pageCount: 2,
    },
  ]);
  const second = await read(on, jwt, { query: '?pageSize=2&pageNumber=2' });
  expect(second.body).toMatchObject({ entities: [{ text: 'one' }], pageNumber: 2 });
  expect((await read(on, jwt, { query: '?pageNumber=9' })).body).toMatchObject({
    entities: [],
    pageSize: 25,
    total: 3,
  });
});

test('an entity is what the socket told', async () => {
  await using on = await stage();
  using socket = await on.join();
  const told = await ask(socket, text('hello', { channel: { metadata: { customAttributes: { plan: 'gold' } } } }));
  expect((await read(on, await bearer(socket))).body.entities).toEqual([told.body]);
});

test('the token is good for a minute, for one session and for this use', async () => {
  await using on = await stage();
  using socket = await on.join();
  await say(socket, 'mine');
  using other = await on.join('other');
  const jwt = fieldOf(await ask(other, { action: 'getJwt', token: 'other' }), 'jwt');
  expect((await read(on, jwt)).body).toMatchObject({ total: 0 });
  const resume = fieldOf(await ask(socket, { action: 'resumeToken', token }), 'resumeToken');
  expect(await read(on, resume)).toMatchObject({ status: 401, body: { code: 'bad.credentials' } });
  expect(await read(on, null)).toMatchObject({ status: 401, body: { code: 'authentication.required' } });
  expect(await read(on, token)).toMatchObject({ status: 401, body: { code: 'bad.credentials' } });
  const mine = await ask(socket, { action: 'getJwt', token });
  expect(mine).toMatchObject({ class: 'JwtResponse', body: { exp: on.clock.now() / 1000 + 60 } });
  on.clock.advance(59_999);
  expect((await read(on, fieldOf(mine, 'jwt'))).status).toBe(200);
  on.clock.advance(1);
  expect(await read(on, fieldOf(mine, 'jwt'))).toMatchObject({ status: 401, body: { code: 'credentials.expired' } });
});

test('an eleventh request of a minute is 429 with the seconds to wait', async () => {
  await using on = await stage({ limits: { historyRequestsPerMinute: 1 } });
  using socket = await on.join();
  const jwt = await bearer(socket);
  await read(on, jwt);
  on.clock.advance(20_000);
  const refused = await read(on, jwt);
  expect([refused.status, refused.response.headers.get('retry-after')]).toEqual([429, '40']);
  expect(refused.body).toMatchObject({ code: 'too.many.requests.retry.after' });
});

test('pages that cannot be meant are 400', async () => {
  await using on = await stage();
  using socket = await on.join();
  const jwt = await bearer(socket);
  for (const query of ['?pageSize=0', '?pageSize=101', '?pageNumber=-1', '?pageNumber=two']) {
    expect(await read(on, jwt, { query })).toMatchObject({ status: 400, body: { code: 'invalid.query.param.value' } });
  }
});

test('messages leave the history after fifteen days', async () => {
  await using on = await stage({ sessionLifetimeSeconds: 30 * 86_400 });
  using socket = await on.join();
  await say(socket, 'long ago');
  on.clock.advance(15 * 86_400_000);
  await say(socket, 'now');
  on.clock.advance(1);
  expect((await read(on, await bearer(socket))).body).toMatchObject({ total: 1, entities: [{ text: 'now' }] });
});

test('pages of origins on the list may read it, others may not', async () => {
  await using on = await stage({ deployments: { demo: { allowedOrigins: ['https://shop.example'] } } });
  using socket = await on.join(token, { headers: { Origin: 'https://shop.example' } });
  const jwt = await bearer(socket);
  const from = (origin: string) => read(on, jwt, { headers: { Origin: origin } });
  const welcome = await from('https://shop.example');
  expect([welcome.status, welcome.response.headers.get('access-control-allow-origin')]).toEqual([
    200,
    'https://shop.example',
  ]);
  const stranger = await from('https://evil.example');
  expect([stranger.status, stranger.response.headers.get('access-control-allow-origin')]).toEqual([403, null]);
});

test('a browser may ask whether it may ask', async () => {
  await using on = await stage();
  const preflight = await on.simulator.fetch(
    new Request('http://simulator.test/api/v2/webmessaging/messages', {
      method: 'OPTIONS',
      headers: { Origin: 'https://shop.example', 'Access-Control-Request-Headers': 'authorization' },
    }),
  );
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-origin')).toBe('https://shop.example');
  expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
});

import { expect, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { createClientTokens, type OAuthClient } from './client-tokens.ts';
import { createTokenProvider } from './token-provider.ts';

/** A token endpoint that takes 10 ms, and one secret at a time. */
function setUp() {
  const clock = manualClock();
  const state = { client: client('old'), accepted: ['old', 'new'], requests: [] as string[] };
  const tokens = createClientTokens({
    client: () => state.client,
    open: ({ clientSecret }) =>
      createTokenProvider({
        clock,
        random: () => 0,
        request: () => {
          state.requests.push(clientSecret);
          const value = `token-${state.requests.length}-${clientSecret}`;
          return new Promise((resolve, reject) => {
            const settle = () =>
              state.accepted.includes(clientSecret)
                ? resolve({ value, lifetimeMs: 900_000, tries: [] })
                : reject(new GuestpassError('credentials_rejected', 'The secret is wrong.'));
            clock.after(10, settle);
          });
        },
      }),
  });
  const get = async (wait: Parameters<typeof tokens.get>[0] = {}) => (await tokens.get(wait)).value;
  return { clock, state, tokens, get };
}

function client(clientSecret: string, clientId = 'id'): OAuthClient {
  return { clientId, clientSecret };
}

test('the token of a client is kept until the client is another', async () => {
  const { clock, state, tokens, get } = setUp();
  expect(await clock.settle(get())).toBe('token-1-old');
  expect(await get()).toBe('token-1-old');
  state.client = client('new');
  expect(tokens.expiresAt()).toBeNull();
  expect(await clock.settle(get())).toBe('token-2-new');
  state.client = client('new', 'another-id');
  expect(await clock.settle(get())).toBe('token-3-new');
  expect(clock.pending).toBe(0);
});

test('whoever waits for a token of the old client gets one of the new, also when the old secret is refused', async () => {
  const { clock, state, get } = setUp();
  state.accepted = ['new'];
  const waiting = [get(), get()];
  await clock.advance(5);
  state.client = client('new');
  expect(await clock.settle(Promise.all(waiting))).toEqual(['token-2-new', 'token-2-new']);
  expect(state.requests).toEqual(['old', 'new']);
});

test('a refusal of the old client is not held against the new one', async () => {
  const { clock, state, get } = setUp();
  state.accepted = ['new'];
  await expect(clock.settle(get())).rejects.toMatchObject({ code: 'credentials_rejected' });
  await expect(get()).rejects.toMatchObject({ code: 'credentials_rejected' });
  state.client = client('new');
  expect(await clock.settle(get())).toBe('token-2-new');
});

test('a token of the old client that is refused late costs the new one nothing', async () => {
  const { clock, state, tokens, get } = setUp();
  const old = await clock.settle(get());
  state.client = client('new');
  expect(await clock.settle(get())).toBe('token-2-new');
  tokens.drop(old);
  expect(await get()).toBe('token-2-new');
});

test('who gives up while the client becomes another has given up', async () => {
  const { clock, state, get } = setUp();
  const leaving = new AbortController();
  const waiting = get({ signal: leaving.signal });
  const late = get({ deadlineAt: 12 });
  await clock.advance(5);
  state.client = client('new');
  leaving.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
  await expect(clock.settle(late)).rejects.toMatchObject({ code: 'deadline_exceeded' });
});

test('once closed there are no tokens, whoever the client is', async () => {
  const { clock, state, tokens, get } = setUp();
  const waiting = get();
  await tokens.close();
  await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
  state.client = client('new');
  await expect(get()).rejects.toMatchObject({ code: 'aborted' });
  expect(state.requests).toEqual(['old']);
  await clock.advance(10);
});

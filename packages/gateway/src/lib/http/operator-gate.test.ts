import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createOperatorGate } from './operator-gate.ts';
import { createMemoryRates } from './rate-store.ts';

const token = 'b3BlcmF0b3ItdG9rZW4tb2YtMzItYnl0ZXMtYW5kLW1vcmU';

function setup() {
  const clock = manualClock();
  const gate = createOperatorGate({ token, failures: createMemoryRates({ clock }) });
  const ask = async (authorization: string | null, address = '127.0.0.1', url = 'http://127.0.0.1:4001/v1/audit') =>
    (await gate.refuse({ authorization, address, url }))?.code ?? 'welcome';
  return { clock, gate, ask };
}

test('the token lets an operator in', async () => {
  const { ask } = setup();
  expect(await ask(`Bearer ${token}`)).toBe('welcome');
  expect(await ask(`bearer ${token}`)).toBe('welcome');
});

test.each([
  ['no header', null],
  ['an empty header', ''],
  ['no token', 'Bearer '],
  ['another token', `Bearer ${'x'.repeat(token.length)}`],
  ['a token that is one short', `Bearer ${token.slice(0, -1)}`],
  ['a token with one more', `Bearer ${token}x`],
  ['another scheme', `Basic ${token}`],
  ['the token alone', token],
  ['the header twice', `Bearer ${token}, Bearer ${token}`],
  ['ten kilobytes', `Bearer ${'x'.repeat(10_240)}`],
  ['a space behind', `Bearer ${token} `],
  ['a line break behind', `Bearer ${token}\n`],
])('with %s nobody comes in', async (_name, authorization) => {
  expect(await setup().ask(authorization)).toBe('unauthorized_operator');
});

test('a refusal says which scheme to use, and nothing of the token', async () => {
  const { gate } = setup();
  const refusal = await gate.refuse({ authorization: 'Bearer canary', address: '::1', url: 'http://localhost/' });
  expect(refusal?.headers).toEqual({ 'WWW-Authenticate': 'Bearer realm="guestpass"' });
  expect(JSON.stringify(refusal)).not.toContain('canary');
});

test('after ten failures in a minute an address is locked out, even with the token, and others are not', async () => {
  const { clock, gate, ask } = setup();
  for (let i = 0; i < 10; i += 1) expect(await ask('Bearer wrong')).toBe('unauthorized_operator');
  expect(await ask('Bearer wrong')).toBe('too_many_requests');
  expect(await ask(`Bearer ${token}`)).toBe('too_many_requests');
  expect(await ask(`Bearer ${token}`, '192.0.2.1')).toBe('welcome');
  const refusal = await gate.refuse({ authorization: null, address: '127.0.0.1', url: 'http://localhost/' });
  await clock.advance(refusal?.retryAfterMs ?? 0);
  expect(await ask(`Bearer ${token}`)).toBe('welcome');
});

test('operators who are in are never locked out by their own calls', async () => {
  const { ask } = setup();
  for (let i = 0; i < 50; i += 1) expect(await ask(`Bearer ${token}`)).toBe('welcome');
});

test.each(['?token=x', '?a=1&access_token=', `?x=${token}`, '?Authorization=Bearer%20x', '?api_key=1'])(
  'a token in the address is refused: %s',
  async (query) => {
    const { ask } = setup();
    expect(await ask(`Bearer ${token}`, '::1', `http://localhost/v1/audit${query}`)).toBe('token_in_url');
    expect(await ask(`Bearer ${token}`, '::1', 'http://localhost/v1/audit?after=10&limit=5')).toBe('welcome');
  },
);

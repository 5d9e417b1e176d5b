import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { type TokenSource, withBearer } from './authorize.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from './exchange.ts';

const request: HttpRequest = {
  method: 'POST',
  url: 'https://api.example/guests',
  headers: { accept: 'application/json' },
};
const answer = (status: number): HttpResponse => ({ status, headers: {}, body: new Uint8Array() });

/** Hands out the values in order, and the same one until it is dropped. */
function tokenSource(...values: string[]) {
  const dropped: string[] = [];
  const waits: unknown[] = [];
  const tokens: TokenSource = {
    async get(wait) {
      waits.push(wait);
      return { value: values[0] ?? '', cached: true, tries: [] };
    },
    drop(value) {
      dropped.push(value);
      if (values[0] === value) values.shift();
    },
  };
  return { tokens, dropped, waits };
}

/** Accepts one token value and answers 401 to every other. */
function platform(accepted: string, clock = manualClock()) {
  const seen: (string | undefined)[] = [];
  const end: Exchange = async ({ headers }) => {
    seen.push(headers.authorization);
    await new Promise<void>((resolve) => void clock.after(10, resolve));
    return answer(headers.authorization === `Bearer ${accepted}` ? 201 : 401);
  };
  return { end, seen, clock };
}

test('each request carries the bearer token and its own headers', async () => {
  const { tokens, waits } = tokenSource('abc.DEF-123_~+/==');
  const seen: HttpRequest[] = [];
  const created = answer(201);
  const end: Exchange = async (asked) => {
    seen.push(asked);
    return created;
  };
  const deadlineAt = 5000;
  expect(await withBearer(end, tokens)({ ...request, deadlineAt })).toBe(created);
  expect(seen).toEqual([
    { ...request, deadlineAt, headers: { accept: 'application/json', authorization: 'Bearer abc.DEF-123_~+/==' } },
  ]);
  expect(waits).toEqual([expect.objectContaining({ deadlineAt })]);
});

test('a 401 whose body breaks off drops that token too', async () => {
  const { tokens, dropped } = tokenSource('old', 'new');
  const end: Exchange = async ({ headers }) => {
    if (headers.authorization === 'Bearer new') return answer(201);
    throw new ExchangeError('ECONNRESET', { sent: 'maybe', status: 401 });
  };
  const got = await withBearer(end, tokens)(request);
  expect(got).toMatchObject({ status: 201, tries: [{ status: 401, failure: 'ECONNRESET' }, { status: 201 }] });
  expect(got.sent).toBeUndefined();
  expect(dropped).toEqual(['old']);
});

test('a 401 that is not read because the time is up is not asked again', async () => {
  const { tokens, dropped } = tokenSource('old', 'new');
  const end: Exchange = () => Promise.reject(new ExchangeError('deadline', { sent: 'maybe', status: 401 }));
  await expect(withBearer(end, tokens)(request)).rejects.toMatchObject({ failure: 'deadline' });
  expect(dropped).toEqual([]);
});

test('a 401 drops that token, gets a new one, and repeats once', async () => {
  const { tokens, dropped } = tokenSource('old', 'new');
  const { end, seen, clock } = platform('new');
  const { status, tries } = await clock.settle(withBearer(end, tokens, clock)(request));
  expect(status).toBe(201);
  expect(seen).toEqual(['Bearer old', 'Bearer new']);
  expect(dropped).toEqual(['old']);
  expect(tries).toEqual([
    { status: 401, durationMs: 10 },
    { status: 201, durationMs: 10 },
  ]);
});

test('a second 401 is returned as it is', async () => {
  const { tokens, dropped } = tokenSource('old', 'new', 'newer');
  const { end, seen, clock } = platform('none of them');
  const { status, tries } = await clock.settle(withBearer(end, tokens, clock)(request));
  expect(status).toBe(401);
  expect(seen).toHaveLength(2);
  expect(dropped).toEqual(['old']);
  expect(tries?.map((each) => each.status)).toEqual([401, 401]);
});

test('other answers of refusal do not cost the token', async () => {
  const { tokens, dropped } = tokenSource('old');
  expect((await withBearer(async () => answer(403), tokens)(request)).status).toBe(403);
  expect(dropped).toEqual([]);
});

test('tries that the exchange tells of are joined in order', async () => {
  const { tokens } = tokenSource('old', 'new');
  const results = [
    {
      ...answer(401),
      tries: [
        { status: 503, durationMs: 1, waitedMs: 5 },
        { status: 401, durationMs: 2 },
      ],
    },
    {
      ...answer(201),
      tries: [
        { status: 429, durationMs: 3, waitedMs: 5 },
        { status: 201, durationMs: 4 },
      ],
    },
  ];
  const end: Exchange = async () => results.shift() ?? answer(500);
  const { tries } = await withBearer(end, tokens)(request);
  expect(tries?.map((each) => each.status)).toEqual([503, 401, 429, 201]);
});

test('a failure of the repeat tells of the 401 before it', async () => {
  const { tokens } = tokenSource('old', 'new');
  let calls = 0;
  const end: Exchange = async () => {
    calls += 1;
    if (calls === 1) return answer(401);
    throw new ExchangeError('ECONNRESET', { sent: 'maybe' });
  };
  await expect(withBearer(end, tokens, manualClock())(request)).rejects.toMatchObject({
    failure: 'ECONNRESET',
    sent: 'maybe',
    tries: [
      { status: 401, durationMs: 0 },
      { failure: 'ECONNRESET', durationMs: 0 },
    ],
  });
});

/** Gives one token, and then nothing but this error. */
function lastToken(error: unknown): TokenSource {
  const outcomes = [Promise.resolve({ value: 'old', cached: true, tries: [] })];
  return { get: () => outcomes.shift() ?? Promise.reject(error), drop() {} };
}

test('a new token that cannot be had ends the call, which tells of the 401 before it', async () => {
  const noToken = new GuestpassError('credentials_rejected', 'No.');
  const send = withBearer(async () => answer(401), lastToken(noToken), manualClock());
  await expect(send(request)).rejects.toMatchObject({
    name: 'ExchangeError',
    failure: 'credentials_rejected',
    sent: 'no',
    tries: [{ status: 401, durationMs: 0 }],
    cause: noToken,
  });
});

test('a repeat that our own pace refuses tells of the 401 before it', async () => {
  const { tokens } = tokenSource('old', 'new');
  const refusal = new GuestpassError('rate_limited', 'No turn.');
  const answers = [Promise.resolve(answer(401))];
  const send = withBearer(() => answers.shift() ?? Promise.reject(refusal), tokens, manualClock());
  await expect(send(request)).rejects.toMatchObject({
    failure: 'rate_limited',
    tries: [{ status: 401 }],
    cause: refusal,
  });
});

test('what an earlier try may have done is not forgotten over a 401', async () => {
  const open: HttpResponse = { ...answer(401), sent: 'maybe' };
  const { tokens } = tokenSource('old', 'new');
  const answers = [open, answer(429)];
  const end: Exchange = async () => answers.shift() ?? open;
  expect(await withBearer(end, tokens)(request)).toMatchObject({ status: 429, sent: 'maybe' });
  const noToken = new GuestpassError('credentials_rejected', 'No.');
  await expect(withBearer(async () => open, lastToken(noToken))(request)).rejects.toMatchObject({ sent: 'maybe' });
});

test('a malfunction on the way to a new token is handed on as it is', async () => {
  const broken = new TypeError('broken');
  await expect(withBearer(async () => answer(401), lastToken(broken))(request)).rejects.toBe(broken);
});

test('a token that could forge a header is refused, and the error does not show it', async () => {
  for (const value of ['', 'secret\r\nx-evil: 1', 'secret value', 'secret"', 'sécret', 'se=cret', '=', 'secret\n']) {
    const { tokens } = tokenSource(value);
    let calls = 0;
    const end: Exchange = async () => {
      calls += 1;
      return answer(201);
    };
    const error = await withBearer(end, tokens)(request).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'platform_response_invalid' });
    expect(inspect(error)).not.toMatch(/s[eé]=?cret/);
    expect(calls).toBe(0);
  }
});

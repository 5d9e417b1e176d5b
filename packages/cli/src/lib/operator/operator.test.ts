import { manualClock } from 'guestpass/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Network, StreamedAnswer } from '../network.ts';
import { type TestGateway, testGateway, viewerToken } from '../testing/gateway.ts';
import { type Props, play } from '../testing/play.ts';
import { deliveryFields, newsFields } from './view-fields.ts';

// One gateway serves all tests here: to start one costs a second.
let gateway: TestGateway;

beforeAll(async () => {
  // Loaded when it is asked for, which the clock of a test knows nothing of.
  await import('./tail.ts');
  gateway = await testGateway();
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

const ask = (argv: readonly string[], props: Props = {}) =>
  play(argv, { ...props, env: { ...gateway.env, ...props.env } });

const tailOne = (...flags: string[]) => tailSome('1', ...flags);

/** Runs `tail` for so many events, while guests of two channels keep coming. */
async function tailSome(count: string, ...flags: string[]) {
  let ended = false;
  const tail = ask(['tail', '--count', count, ...flags]).finally(() => {
    ended = true;
  });
  const guests = async () => {
    await gateway.letIn('disabled');
    await gateway.letIn();
    return ended;
  };
  await expect.poll(guests, { timeout: 10_000 }).toBe(true);
  return await tail;
}

/** Deliveries as the list has them, once each has reached the identity provider. */
async function delivered(): Promise<readonly { readonly id: string; readonly attemptId: string }[]> {
  const list = async (state: string) => JSON.parse((await ask(['deliveries', 'list', '--json', '--state', state])).out);
  await expect.poll(async () => (await list('pending')).length, { timeout: 10_000 }).toBe(0);
  return await list('delivered');
}

test('tail shows the guests that are asked for', async () => {
  const { code, out, err } = await tailOne('--outcome', 'failed', '--channel', 'disabled,sms', '--ndjson');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(JSON.parse(out)).toMatchObject({
    type: 'attempt',
    outcome: 'failed',
    channelId: 'disabled',
    code: 'forbidden',
  });
  expect((await tailOne('--outcome', 'admitted')).out).toMatch(
    /^[\d:.]+ {2}✓ admitted {2}demo {2}guest \S+ {2}[\d.]+ ms {2}att_\S+\n$/,
  );
});

test('an outcome that there is not is no filter', async () => {
  const { code, err } = await ask(['tail', '--outcome', 'failed,faild']);
  expect(code).toBe(2);
  expect(err).toContain('Give some of admitted, refused, failed, unknown, with commas.');
});

test('tail shows webhooks too, when they are asked for', async () => {
  const { code, out } = await tailSome('8', '--deliveries');
  expect(code).toBe(0);
  expect(out).toMatch(/^[\d:.]+ {2}✓ delivered {2}guest\.\w+ {2}delivered {2}dlv_\S+ {2}att_\S+$/m);
});

test('deliveries are listed page by page, and shown with their tries', async () => {
  await gateway.letIn();
  const [newest] = await delivered();
  const listed = await ask(['deliveries', 'list', '--limit', '1']);
  expect(listed.out).toMatch(/^✓ dlv_\S+ {2}delivered {2}1 try {2}guest\.\w+ {2}\S+\n$/);
  const lines = await ask(['deliveries', 'list', '--ndjson', '--attempt', newest?.attemptId ?? '']);
  expect(JSON.parse(lines.out)).toMatchObject({ id: newest?.id });
  const shown = await ask(['deliveries', 'show', newest?.id ?? '']);
  expect(shown.out).toContain('is delivered');
  expect(shown.out).toMatch(/ {2}try 1 {2}\S+ {2}[\d.]+ ms {2}delivered {2}204\n/);
  expect((await ask(['deliveries', 'list', '--state', 'held'])).err).toBe('There are no such deliveries.\n');
});

test('a delivery that waits for another says which', async () => {
  await Promise.all([gateway.letIn(), gateway.letIn()]);
  const [one, two] = await delivered();
  const wait = `update guestpass.deliveries set state = $2, behind = $3, settled_at = null,
    next_at = case when $2 = 'pending' then created_at end where id = $1`;
  await gateway.database.query(wait, [two?.id, 'pending', one?.id]);
  const listed = await ask(['deliveries', 'list', '--state', 'pending']);
  expect(listed.out).toMatch(new RegExp(` {2}waits for ${one?.id}\n$`));
  const shown = await ask(['deliveries', 'show', two?.id ?? '']);
  expect(shown.out).toMatch(new RegExp(`^ +waits for +${one?.id}$`, 'm'));
  expect(shown.out).not.toContain('next try');
  await gateway.database.query(wait, [two?.id, 'delivered', null]);
});

test('a delivery is replayed with the same id and bytes', async () => {
  await gateway.letIn();
  const [newest] = await delivered();
  const before = gateway.simulator.stats();
  const replayed = await ask(['deliveries', 'replay', newest?.id ?? '']);
  expect(replayed).toMatchObject({ code: 0, out: '1 delivery is due now, with the same id and the same bytes.\n' });
  await expect.poll(() => gateway.simulator.stats().idpRequests, { timeout: 10_000 }).toBe(before.idpRequests + 1);
  expect(gateway.simulator.stats().webhooksAccepted).toBe(before.webhooksAccepted);
});

test('an interruption at the question delivers nothing, and is no answer', async () => {
  await gateway.letIn();
  const [newest] = await delivered();
  const user = new AbortController();
  async function* readLines() {
    user.abort(new Error('interrupted'));
    yield* [];
  }
  const asked = await ask(['deliveries', 'replay', newest?.id ?? ''], { tty: true, readLines, signal: user.signal });
  expect(asked).toEqual({ code: 130, out: '', err: 'Deliver 1 delivery once more? [y/N] ' });
});

test('what is no id is asked of nobody, and a fault of a flag stands in the JSON too', async () => {
  const { code, err } = await ask(['deliveries', 'show', '../../x']);
  expect(code).toBe(2);
  expect(err).toContain('is no id of a delivery');
  const { out } = await ask(['deliveries', 'list', '--endpoint', 'nope', '--json']);
  expect(JSON.parse(out).error).toEqual({
    code: 'request_invalid',
    message: expect.any(String),
    retryable: false,
    errors: [{ pointer: '/endpoint', detail: expect.any(String) }],
  });
});

test('those that were given up are counted first, and replayed when a person agrees', async () => {
  await gateway.letIn();
  const [one, two] = await delivered();
  await gateway.database.query("update guestpass.deliveries set state = 'dead' where id = any($1)", [
    [one?.id, two?.id],
  ]);
  const failed = ['deliveries', 'replay', '--failed', '--since', '2h'];
  expect((await ask([...failed, '--dry-run', '--json'])).out).toBe('{\n  "dryRun": true,\n  "count": 2\n}\n');
  expect((await ask([...failed, '--since', '1ms', '--dry-run'])).out).toBe(
    'No delivery matches that could be replayed.\n',
  );

  const refused = await ask(failed, { tty: true, stdin: 'n\n' });
  expect(refused).toMatchObject({ code: 1, err: 'Deliver 2 deliveries once more? [y/N] Nothing was delivered.\n' });
  const agreed = await ask(failed, { tty: true, stdin: 'y\n' });
  expect(agreed).toMatchObject({ code: 0, out: expect.stringContaining('2 deliveries are due now') });
  await delivered();
  const none = await ask([...failed, '-y'], { tty: true });
  expect(none.out).toBe('No delivery matches that could be replayed.\n');
});

test('a gateway is loaded as websites ask it', async () => {
  const before = gateway.simulator.stats().guestsCreated;
  const flags = ['--gateway', gateway.service.gateway.url, '--channel', 'demo', '--consent'];
  const loaded = await play([
    'load',
    ...flags,
    '--rate',
    '20/s',
    '--for',
    '1s',
    '--assert',
    'errors<1%,admitted>=20',
    '--json',
  ]);
  expect(loaded).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(loaded.out)).toMatchObject({ planned: 20, ended: 20, outcomes: { admitted: 20 }, errorPercent: 0 });
  expect(gateway.simulator.stats().guestsCreated - before).toBe(20);
  const refused = await play(['load', ...flags.slice(0, 4), '--for', '2s', '--assert', 'errors<1%']);
  expect(refused.code).toBe(6);
  expect(refused.out).toMatch(/codes +2 consent_required\n[\s\S]*✗ errors<1% {3}\(100%\)\n$/);
});

test('what the gateway refuses is told with its request, and a wrong token with the setting', async () => {
  const missing = await ask(['deliveries', 'show', 'dlv_none']);
  expect(missing).toMatchObject({ code: 1, out: '' });
  expect(missing.err).toMatch(/^✗ Refused: .*\n.*answered 404[\s\S]*not_found · request \S+\n$/);
  const stranger = await ask(['deliveries', 'list', '--json'], { env: { GUESTPASS_OPERATOR_TOKEN: 'hunter2' } });
  expect(stranger.code).toBe(2);
  expect(stranger.err).toContain('GUESTPASS_OPERATOR_TOKEN');
  expect(stranger.out + stranger.err).not.toContain('hunter2');
  const listener = await ask(['tail'], { env: { GUESTPASS_OPERATOR_TOKEN: 'hunter2' } });
  expect(listener).toMatchObject({ code: 2, err: expect.stringContaining('answered 401') });
});

test('what the role does not allow is told with the role that does', async () => {
  const env = { GUESTPASS_OPERATOR_TOKEN: viewerToken };
  expect((await ask(['deliveries', 'list'], { env })).code).toBe(0);
  const refused = await ask(['deliveries', 'replay', '--failed', '--yes'], { env });
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('It takes the role operator or admin.') });
  expect(refused.err).toContain('Use the token of an operator who has that role.');
});

test('without settings, or without a gateway, nothing is asked', async () => {
  expect(await play(['tail'])).toMatchObject({ code: 2, err: expect.stringContaining('GUESTPASS_OPERATOR_TOKEN') });
  const env = { GUESTPASS_OPERATOR_TOKEN: 't', GUESTPASS_OPERATOR_URL: 'http://example.com' };
  expect(await play(['tail'], { env })).toMatchObject({
    code: 2,
    err: expect.stringContaining('must be an https URL'),
  });
  const told = { GUESTPASS_OPERATOR_TOKEN: 't', GUESTPASS_OPERATOR_URL: 'https://:word@example.com' };
  expect(await play(['tail'], { env: told })).toMatchObject({ code: 2, err: expect.not.stringContaining('word@') });
  const away = { GUESTPASS_OPERATOR_TOKEN: 't', GUESTPASS_OPERATOR_URL: 'http://127.0.0.1:1' };
  const { code, out, err } = await play(['deliveries', 'list', '--json'], { env: away });
  expect(code).toBe(5);
  expect(JSON.parse(out).error).toMatchObject({ code: 'ECONNREFUSED', retryable: true });
  expect(err).toContain('(ECONNREFUSED)');
  expect((await play(['deliveries', 'replay'], { env: away })).err).toContain('nor is --failed');
  expect((await play(['deliveries', 'replay', 'dlv_1', '--failed'], { env: away })).err).toContain('does not go with');
});

/** A gateway that answers each connection with one of these; what it is asked with goes to `seen`. */
function streams(answers: readonly (StreamedAnswer | Error)[], seen: (string | undefined)[]): Network {
  const none = () => Promise.reject(new Error('not used'));
  const left = [...answers];
  return {
    resolve: none,
    shakeHands: none,
    serve: none,
    async stream(_, headers, signal) {
      seen.push(headers['last-event-id']);
      const answer = left.shift();
      if (answer instanceof Error) throw answer;
      return answer ?? { status: 200, chunks: silence(signal) };
    },
  };
}

async function* silence(signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  yield new TextEncoder().encode(':\n\n');
  await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

test('a stream that is lost, refused for now or silent is taken up behind the last event', async () => {
  const seen: (string | undefined)[] = [];
  const clock = manualClock(0);
  const event = (id: string) => `id: ${id}\nevent: attempt\ndata: {"outcome":"admitted","id":"att_${id}"}\n\n`;
  const network = streams(
    [
      { status: 200, chunks: pieces('retry: 500\n\n', event('1'), event('2').slice(0, 30)) },
      Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
      { status: 503, chunks: pieces('{"code":"overloaded"}') },
      { status: 200, chunks: pieces(`event: missed\ndata: {}\n\n${event('7')}`) },
    ],
    seen,
  );
  const user = new AbortController();
  const tail = ask(['tail', '--ndjson'], { clock, network, signal: user.signal });
  // Long enough for a silence of 45 seconds to be noticed too.
  await clock.advance(70_000);
  user.abort(new Error('interrupted'));
  const { code, out, err } = await tail;
  expect(code).toBe(0);
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id),
  ).toEqual(['att_1', 'att_7']);
  expect(seen).toEqual([undefined, '1', '1', '1', '7', '7']);
  expect(err).toMatch(
    /lost \(ended\); again in 0.5 s\.\n.*\(ECONNREFUSED\); again in 4 s\.\n.*\(overloaded\); again in 8 s\.\nMore happened/,
  );
});

const top = (fields: readonly string[]) => fields.map((field) => field.replace(/\.\*$/, ''));

test('the fields that may be asked for are those the gateway tells', async () => {
  await gateway.letIn();
  const [newest] = await delivered();
  expect(Object.keys(newest ?? {}).toSorted()).toEqual([...deliveryFields].toSorted());
  const lines = (await tailSome('8', '--deliveries', '--ndjson')).out.trim().split('\n');
  const told = new Set(lines.flatMap((line) => Object.keys(JSON.parse(line))));
  expect([...told].toSorted()).toEqual(top(newsFields).toSorted());
});

test('fields are asked for by name, with dots, and come one object a line unless a document is wanted', async () => {
  await gateway.letIn();
  await delivered();
  const lines = await ask(['deliveries', 'list', '--limit', '2', '--fields', 'state, tries']);
  expect(lines).toEqual({ code: 0, out: '{"state":"delivered","tries":1}\n'.repeat(2), err: '' });
  const document = await ask(['deliveries', 'list', '--limit', '1', '--fields', 'state', '--json']);
  expect(JSON.parse(document.out)).toEqual([{ state: 'delivered' }]);
  const { out } = await tailOne('--outcome', 'admitted', '--fields', 'type,stages.payload,captcha.provider');
  expect(out).toMatch(/^\{"type":"attempt","stages":\{"payload":[\d.]+\},"captcha":\{"provider":null\}\}\n$/);
  const slip = await ask(['deliveries', 'list', '--fields', 'sate']);
  expect(slip).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining('no field sate. Give some of id, '),
  });
});

import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { defaultWebhookSecret } from '../settings.ts';
import { createSimulator, type Simulator } from '../simulator.ts';
import { readJson } from '../testing/requests.ts';

const at = (path: string, init: RequestInit = {}) => new Request(`http://simulator.test/_idp${path}`, init);

const event = (type: string, guestId: string | null, timestamp = '2024-01-15T10:30:00.000Z') =>
  JSON.stringify({
    type,
    timestamp,
    data: { attemptId: 'att_1', guestId, channelId: 'demo', consentTimestamp: '2024-01-15T10:29:00Z', code: null },
  });

interface Sent {
  readonly id?: string;
  readonly secret?: string;
  readonly signedAt?: Date;
  readonly headers?: Readonly<Record<string, string>>;
}

const webhook = (
  body: string,
  { id = 'msg_1', secret = defaultWebhookSecret, signedAt = new Date(), headers }: Sent = {},
) =>
  at('/webhooks', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(signedAt.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, signedAt, body),
      ...headers,
    },
    body,
  });

const deliver = async (simulator: Simulator, ...parts: Parameters<typeof webhook>) =>
  (await simulator.fetch(webhook(...parts))).status;

const identities = async (simulator: Simulator) =>
  (await readJson(await simulator.fetch(at('/identities')))).identities;
const deliveries = async (simulator: Simulator) =>
  (await readJson(await simulator.fetch(at('/deliveries')))).deliveries;

const put = (simulator: Simulator, body: string) =>
  simulator.fetch(at('/secret', { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body }));

const guest = {
  guestId: 'guest-1',
  status: 'active',
  channelId: 'demo',
  consentTimestamp: '2024-01-15T10:29:00Z',
  attemptId: 'att_1',
  consentWithdrawnAt: null,
  sequence: null,
  updatedAt: '2024-01-15T10:30:00.000Z',
};

/** As the gateway tells it: the attempt and the guest, and nothing of the channel. */
const withdrawal = (attemptId: string, timestamp: string) =>
  JSON.stringify({ type: 'consent.withdrawn', timestamp, data: { attemptId, guestId: 'guest-1' } });

test('a verified webhook makes an identity, and is told of', async () => {
  const simulator = createSimulator();
  expect(await deliver(simulator, event('guest.authenticated', 'guest-1'))).toBe(204);
  expect(await identities(simulator)).toEqual([guest]);
  expect(await deliveries(simulator)).toEqual([
    {
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      webhookId: 'msg_1',
      status: 204,
      verified: true,
      problem: null,
      type: 'guest.authenticated',
      guestId: 'guest-1',
      attemptId: 'att_1',
      repeat: null,
      bodyHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
  ]);
  expect(simulator.stats()).toMatchObject({ idpRequests: 1, webhooksAccepted: 1 });
});

test('a webhook that came before changes nothing, and it is seen whether its bytes are the same', async () => {
  const simulator = createSimulator();
  const body = event('guest.authenticated', 'guest-1');
  const statuses = [
    await deliver(simulator, body),
    await deliver(simulator, body),
    await deliver(simulator, event('guest.authenticated', 'guest-2')),
  ];
  expect(statuses).toEqual([204, 204, 204]);
  expect(await deliveries(simulator)).toMatchObject([{ repeat: null }, { repeat: 'same' }, { repeat: 'changed' }]);
  expect(await identities(simulator)).toEqual([guest]);
  expect(simulator.stats().webhooksAccepted).toBe(1);
});

test('what is not signed by the secret is 401, and nothing of it is believed', async () => {
  const simulator = createSimulator();
  const body = event('guest.authenticated', 'guest-1');
  const other = `whsec_${Buffer.from('another-webhook-secret-000').toString('base64')}`;
  const statuses = [
    await deliver(simulator, body, { secret: other }),
    await deliver(simulator, body, { signedAt: new Date(Date.now() - 301_000) }),
    await deliver(simulator, body, { headers: { 'webhook-id': 'msg_2' } }),
    (await simulator.fetch(at('/webhooks', { method: 'POST', body }))).status,
  ];
  expect(statuses).toEqual([401, 401, 401, 401]);
  expect(await identities(simulator)).toEqual([]);
  expect(await deliveries(simulator)).toMatchObject([
    { verified: false, problem: 'No matching signature found', type: null, guestId: null },
    { verified: false, problem: 'Message timestamp too old' },
    { verified: false, webhookId: 'msg_2' },
    { verified: false, webhookId: null, problem: 'Missing required headers' },
  ]);
  // A refused webhook may come again under the same id.
  expect(await deliver(simulator, body)).toBe(204);
  expect(await identities(simulator)).toEqual([guest]);
});

test('another secret can be put, and a reset takes it back', async () => {
  const secret = `whsec_${Buffer.from('another-webhook-secret-000').toString('base64')}`;
  const simulator = createSimulator();
  expect((await put(simulator, JSON.stringify({ secret }))).status).toBe(204);
  const body = event('guest.authenticated', 'guest-1');
  expect([await deliver(simulator, body), await deliver(simulator, body, { secret })]).toEqual([401, 204]);
  simulator.reset();
  expect([await deliver(simulator, body, { secret }), await deliver(simulator, body)]).toEqual([401, 204]);
  const started = createSimulator({ webhookSecret: secret });
  expect(await deliver(started, body, { secret })).toBe(204);
});

test('what is no secret is refused and not repeated', async () => {
  const simulator = createSimulator();
  const refused = ['{', '[]', '{"secret":7}', '{"secret":""}', '{"secret":"whsec_!canary!"}'];
  const answers = await Promise.all(refused.map((body) => put(simulator, body)));
  expect(answers.map(({ status }) => status)).toEqual(refused.map(() => 400));
  const told = await Promise.all(answers.map((answer) => answer.text()));
  expect(told.join()).not.toContain('canary');
  expect(() => createSimulator({ webhookSecret: 'whsec_!canary!' })).toThrow(/^A webhook secret is/);
});

test('events about nobody are taken, and what is no event is 400', async () => {
  const simulator = createSimulator();
  expect(await deliver(simulator, event('guest.refused', null), { id: 'a' })).toBe(204);
  expect(await deliver(simulator, event('guest.unknown', null), { id: 'b' })).toBe(204);
  expect(await deliver(simulator, '{"type":"guest.authenticated"}', { id: 'c' })).toBe(400);
  expect(await deliver(simulator, 'no JSON', { id: 'd' })).toBe(401);
  expect(await identities(simulator)).toEqual([]);
  expect(simulator.stats().webhooksAccepted).toBe(2);
});

test('events may come out of order: the newest counts, and who is erased stays so', async () => {
  const simulator = createSimulator();
  const [older, newer] = ['2024-01-15T10:31:00Z', '2024-01-15T12:32:00+02:00'];
  await deliver(simulator, event('guest.authenticated', 'guest-1', newer), { id: 'b' });
  await deliver(simulator, event('guest.authenticated', 'guest-1', older), { id: 'a' });
  expect(await identities(simulator)).toMatchObject([{ status: 'active', updatedAt: newer }]);
  await deliver(simulator, event('guest.erased', 'guest-1', older), { id: 'c' });
  await deliver(simulator, event('guest.authenticated', 'guest-1', newer), { id: 'd' });
  expect(await identities(simulator)).toEqual([
    {
      guestId: 'guest-1',
      status: 'erased',
      channelId: null,
      consentTimestamp: null,
      attemptId: null,
      consentWithdrawnAt: null,
      sequence: null,
      updatedAt: older,
    },
  ]);
});

test('a withdrawn consent is marked, once, and the guest stays known', async () => {
  const simulator = createSimulator();
  await deliver(simulator, event('guest.authenticated', 'guest-1'), { id: 'a' });
  expect(await deliver(simulator, withdrawal('att_1', '2024-01-15T11:00:00Z'), { id: 'b' })).toBe(204);
  await deliver(simulator, withdrawal('att_1', '2024-01-15T11:05:00Z'), { id: 'c' });
  await deliver(simulator, withdrawal('att_of_before', '2024-01-15T11:10:00Z'), { id: 'd' });
  const [withdrawnAt, updatedAt] = ['2024-01-15T11:00:00Z', '2024-01-15T11:05:00Z'];
  expect(await identities(simulator)).toEqual([{ ...guest, consentWithdrawnAt: withdrawnAt, updatedAt }]);
});

test('a withdrawal that overtakes its guest is not forgotten, and a consent given anew is another one', async () => {
  const simulator = createSimulator();
  await deliver(simulator, withdrawal('att_1', '2024-01-15T11:00:00Z'), { id: 'a' });
  await deliver(simulator, event('guest.authenticated', 'guest-1'), { id: 'b' });
  const at = '2024-01-15T11:00:00Z';
  expect(await identities(simulator)).toEqual([{ ...guest, consentWithdrawnAt: at, updatedAt: at }]);
  const anew = event('guest.authenticated', 'guest-1', '2024-01-16T10:00:00Z').replace('att_1', 'att_2');
  await deliver(simulator, anew, { id: 'c' });
  expect(await identities(simulator)).toMatchObject([{ attemptId: 'att_2', consentWithdrawnAt: null }]);
  await deliver(simulator, event('guest.erased', 'guest-1'), { id: 'd' });
  await deliver(simulator, withdrawal('att_2', '2024-01-17T10:00:00Z'), { id: 'e' });
  expect(await identities(simulator)).toMatchObject([{ status: 'erased', consentWithdrawnAt: null }]);
});

/** As the gateway numbers them, all in one millisecond. */
const numbered = (type: string, sequence: number, more: object = {}) =>
  JSON.stringify({ type, timestamp: '2024-01-15T10:30:00Z', data: { attemptId: 'att_1', sequence, ...more } });

test('an erasure names the attempt alone, and a late event brings nobody back', async () => {
  const simulator = createSimulator();
  const about = { guestId: 'guest-1', channelId: 'demo' };
  await deliver(simulator, numbered('guest.authenticated', 4, about), { id: 'a' });
  await deliver(simulator, numbered('guest.erased', 6), { id: 'b' });
  const erased = { guestId: 'guest-1', status: 'erased', channelId: null, attemptId: null, sequence: 6 };
  expect(await identities(simulator)).toMatchObject([erased]);
  await deliver(simulator, numbered('consent.withdrawn', 7, { guestId: null }), { id: 'c' });
  await deliver(simulator, numbered('guest.authenticated', 4, about), { id: 'd' });
  expect(await identities(simulator)).toMatchObject([erased]);

  simulator.reset();
  await deliver(simulator, numbered('guest.erased', 6), { id: 'b' });
  await deliver(simulator, numbered('guest.authenticated', 4, about), { id: 'a' });
  expect(await identities(simulator)).toEqual([]);
});

test('an erased attempt of before leaves the guest who came again', async () => {
  const simulator = createSimulator();
  const about = { guestId: 'guest-1', channelId: 'demo' };
  await deliver(simulator, numbered('guest.authenticated', 4, about), { id: 'a' });
  await deliver(simulator, numbered('guest.authenticated', 8, { ...about, attemptId: 'att_2' }), { id: 'b' });
  await deliver(simulator, numbered('guest.erased', 9), { id: 'c' });
  expect(await identities(simulator)).toMatchObject([{ status: 'active', attemptId: 'att_2', sequence: 8 }]);
});

test('of two events about one attempt the higher number is the later, whatever their times say', async () => {
  const simulator = createSimulator();
  const told = (sequence: number, channelId: string, timestamp: string) =>
    JSON.stringify({
      type: 'guest.authenticated',
      timestamp,
      data: { attemptId: 'att_1', sequence, guestId: 'guest-1', channelId },
    });
  await deliver(simulator, told(5, 'right', '2024-01-15T10:30:00Z'), { id: 'a' });
  await deliver(simulator, told(4, 'late', '2024-01-15T10:31:00Z'), { id: 'b' });
  expect(await identities(simulator)).toMatchObject([{ channelId: 'right', sequence: 5 }]);
});

test('faults meet the webhooks and nothing else under /_idp', async () => {
  const simulator = createSimulator();
  const body = event('guest.authenticated', 'guest-1');
  simulator.faults.add({ operation: 'idp', status: 503 });
  simulator.faults.add({ operation: 'idp', reset: 'after' });
  expect(await identities(simulator)).toEqual([]);
  expect(await deliver(simulator, body)).toBe(503);
  await expect(deliver(simulator, body)).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  expect(await deliver(simulator, body)).toBe(204);
  expect(await deliveries(simulator)).toMatchObject([{ repeat: null }, { repeat: 'same' }]);
  expect(simulator.requests.map(({ operation, path }) => [operation, path])).toEqual(
    Array.from({ length: 3 }, () => ['idp', '/_idp/webhooks']),
  );
});

test('other methods are 405, other paths 404', async () => {
  const simulator = createSimulator();
  const wrong = await simulator.fetch(at('/webhooks'));
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
  expect((await simulator.fetch(at('/secret'))).headers.get('allow')).toBe('PUT');
  expect((await simulator.fetch(at('/elsewhere'))).status).toBe(404);
});

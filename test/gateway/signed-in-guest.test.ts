import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signInAt } from '../sign-in-site.ts';
import { dumpDatabase, spellings } from './support/database-dump.ts';
import { freshPayload } from './support/payload.ts';
import { openStage, type Stage } from './support/stage.ts';

// Guests who signed in, through the gateway: real HTTP and sockets, a real database, the embedded OpenID provider.

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({
    platform: { issuer: 'authenticated-web-messaging' },
    simulator: { deployments: { demo: { auth: {} } } },
  });
}, 60_000);

afterAll(() => stage?.[Symbol.asyncDispose]());

const exchanges = () => stage.simulator.requests.filter(({ operation }) => operation === 'exchange').length;

/** The answer, and how often the platform was asked for an exchange. */
async function letIn(payload: unknown, headers?: Readonly<Record<string, string>>) {
  const before = exchanges();
  const response = await stage.ask(payload, headers);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: JSON.parse(text),
    exchanges: exchanges() - before,
  };
}

test('a guest who signed in comes in, and two equal requests with one key exchange one code', async () => {
  const payload = freshPayload({ signIn: await signInAt(stage.platformUrl, 'ann') });
  const headers = { 'idempotency-key': randomUUID() };
  const first = await letIn(payload, headers);
  expect(first).toMatchObject({
    status: 201,
    exchanges: 1,
    body: {
      channelId: 'demo',
      connect: { deploymentId: 'demo' },
      signedIn: { jwt: expect.any(String), refreshToken: expect.any(String), expiresAt: expect.any(String) },
    },
  });
  const second = await letIn(payload, headers);
  expect(second).toMatchObject({ status: 201, exchanges: 0, body: first.body });
  expect(second.headers.get('idempotency-replayed')).toBe('true');
});

test('two equal requests at one time exchange one code', async () => {
  const payload = freshPayload({ signIn: await signInAt(stage.platformUrl, 'ann') });
  const headers = { 'idempotency-key': randomUUID() };
  const before = exchanges();
  const answers = await Promise.all([stage.ask(payload, headers), stage.ask(payload, headers)]);
  const statuses = answers.map(({ status }) => status);
  expect(statuses).toContain(201);
  // The other one finds it under way, or done.
  expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
  expect(exchanges() - before).toBe(1);
});

test('the key of one guest is no key for another', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  const ann = freshPayload({ signIn: await signInAt(stage.platformUrl, 'ann') });
  expect(await letIn(ann, headers)).toMatchObject({ status: 201 });
  const bob = { ...ann, signIn: await signInAt(stage.platformUrl, 'bob') };
  expect(await letIn(bob, headers)).toMatchObject({
    status: 422,
    exchanges: 0,
    body: { code: 'idempotency_key_reused' },
  });
});

test('a sign-in that is not accepted is a 403 that tells the visitor to sign in again', async () => {
  const signIn = await signInAt(stage.platformUrl, 'ann');
  const wrong = { ...signIn, codeVerifier: 'x'.repeat(43) };
  const { status, body, text } = await letIn(freshPayload({ signIn: wrong }));
  expect({ status, code: body.code }).toEqual({ status: 403, code: 'sign_in_rejected' });
  expect(text).toContain('sign in again');
  expect(text).not.toContain(signIn.code);
  const page = await stage.gateway.audit.page({ limit: 10, attemptId: body.instance.split('/').at(-1) });
  expect(page.map(({ line }) => JSON.parse(line))).toMatchObject([
    { eventType: 'WEBMESSAGING_GUEST_FAILED', code: 'sign_in_rejected' },
    { eventType: 'WEBMESSAGING_GUEST_REQUESTED' },
  ]);
});

test('a payload without a sign-in is refused before anybody is asked', async () => {
  expect(await letIn(freshPayload())).toMatchObject({
    status: 422,
    exchanges: 0,
    body: { code: 'payload_invalid', errors: [{ pointer: '/signIn' }] },
  });
  expect(await letIn(freshPayload({ signIn: { code: 'to-hide' } }))).toMatchObject({
    status: 422,
    exchanges: 0,
    body: { code: 'payload_invalid', errors: [{ pointer: '/signIn/redirectUri' }] },
  });
});

test('code, verifier, JWT and refresh token stand nowhere but in the answer', async () => {
  const signIn = await signInAt(stage.platformUrl, 'ann');
  const { body } = await letIn(freshPayload({ signIn }), { 'idempotency-key': randomUUID() });
  const answers = [(await letIn(freshPayload({ signIn }))).text];
  const page = await stage.gateway.audit.page({ limit: 100 });
  const seen = {
    database: await dumpDatabase(stage.database),
    audit: page.map(({ line }) => line).join('\n'),
    told: stage.witness.text(),
    answers: answers.join('\n'),
  };
  const { jwt, refreshToken } = body.signedIn;
  const secrets = { code: signIn.code, verifier: String(signIn.codeVerifier), jwt, refreshToken };
  for (const [place, text] of Object.entries(seen)) {
    expect(text.length).toBeGreaterThan(100);
    for (const [name, secret] of Object.entries(secrets)) {
      const found = spellings(secret).filter((spelling) => text.includes(spelling));
      expect({ place, name, found }).toEqual({ place, name, found: [] });
    }
  }
});

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { generateWebhookSecret, signWebhook } from 'guestpass/webhook';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshPayload } from './support/payload.ts';
import { openReceiver } from './support/receiver.ts';
import { openStage, type Stage } from './support/stage.ts';

// The receiver of docs/webhooks.md, as it stands there: whatever order messages come in, it ends right.

const root = join(import.meta.dirname, '..', '..');
const secret = generateWebhookSecret();

interface ReceiverOfTheDocs {
  readonly guests: Map<string, unknown>;
  receive(request: Request, secrets: readonly string[]): Promise<Response>;
}

let folder: string;
let stage: Stage;
let docs: ReceiverOfTheDocs;

beforeAll(async () => {
  mkdirSync(join(root, '.guestpass'), { recursive: true });
  folder = mkdtempSync(join(root, '.guestpass', 'receiver-'));
  const page = readFileSync(join(root, 'docs', 'webhooks.md'), 'utf8');
  const [, code = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(page) ?? [];
  const file = join(folder, 'receiver.ts');
  writeFileSync(file, code);
  docs = await import(file);
  stage = await openStage({ platform: { policy: { captcha: { mode: 'optional' } } } });
}, 60_000);

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await stage?.[Symbol.asyncDispose]();
});

interface Message {
  readonly id: string;
  readonly body: string;
}

/** Delivers messages as the gateway would, each signed when it is sent. */
async function deliver(messages: readonly Message[]) {
  docs.guests.clear();
  for (const { id, body } of messages) {
    const headers = { ...signWebhook({ id, body }, { secrets: [secret], nowMs: Date.now() }) };
    const request = new Request('https://idp.example/hook', { method: 'POST', headers, body });
    expect((await docs.receive(request, [secret])).status).toBe(204);
  }
  return new Map([...docs.guests].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** Any order, and any of them once more. */
const shuffled = (messages: readonly Message[]) =>
  fc.shuffledSubarray([...messages, ...messages], { minLength: messages.length }).map((some) => {
    const missing = messages.filter((message) => !some.includes(message));
    return [...some, ...missing];
  });

async function letIn(consent = true): Promise<string> {
  const payload = freshPayload({ captcha: undefined });
  const response = await stage.ask(
    consent ? payload : { ...payload, consent: { ...payload.consent, accepted: false } },
  );
  // A cast, because the answer is our own gateway's.
  const { attemptId, instance = '' } = (await response.json()) as { attemptId?: string; instance?: string };
  return attemptId ?? instance.slice(instance.lastIndexOf('/') + 1);
}

test('messages of the gateway, shuffled and repeated, leave the receiver of the docs where their order would', async () => {
  await using receiver = await openReceiver(secret);
  const { attempts, endpoints } = stage.gateway;
  await endpoints.create({ url: receiver.url, secret }, Date.now());
  const [inside, refused, withdrawn, erased, both] = [
    await letIn(),
    await letIn(false),
    await letIn(),
    await letIn(),
    await letIn(),
  ];
  // What is still to be sent of a guest is erased with it.
  await receiver.arrivals(5);
  const terms = { basis: 'asked for', nowMs: Date.now() };
  for (const attemptId of [withdrawn, both]) await attempts.withdrawConsent({ attemptId, ...terms });
  await receiver.arrivals(7);
  for (const attemptId of [erased, both]) await attempts.eraseGuest({ attemptId, ...terms });
  await receiver.arrivals(9);

  const right = new Map(
    [
      [inside, { status: 'guest.authenticated', hasConsent: true }] as const,
      [refused, { status: 'guest.refused', hasConsent: true }] as const,
      [withdrawn, { status: 'guest.authenticated', hasConsent: false }] as const,
      [erased, { status: 'guest.erased', hasConsent: true }] as const,
      [both, { status: 'guest.erased', hasConsent: false }] as const,
    ]
      .map(([id, guest]) => [id, expect.objectContaining(guest)] as const)
      .toSorted(([one], [other]) => (one < other ? -1 : 1)),
  );
  const property = fc.asyncProperty(shuffled(receiver.received), async (messages) => {
    expect(await deliver(messages)).toEqual(right);
  });
  await fc.assert(property, { numRuns: 200 });
}, 60_000);

test('a consent that is taken back while the guest is let in stays so, whichever is heard first', async () => {
  const message = (type: string, sequence: number): Message => ({
    id: `evt_${sequence}`,
    body: JSON.stringify({ type, data: { attemptId: 'att_1', sequence } }),
  });
  const messages = [message('consent.withdrawn', 5), message('guest.authenticated', 6), message('guest.erased', 9)];
  const right = new Map([['att_1', { sequence: 9, status: 'guest.erased', hasConsent: false }]]);
  const property = fc.asyncProperty(shuffled(messages), async (some) => {
    expect(await deliver(some)).toEqual(right);
  });
  await fc.assert(property, { numRuns: 100 });
});

test('a message that nobody signed changes nothing', async () => {
  await deliver([]);
  const request = new Request('https://idp.example/hook', { method: 'POST', body: '{"type":"guest.erased"}' });
  expect((await docs.receive(request, [secret])).status).toBe(401);
  expect(docs.guests.size).toBe(0);
});

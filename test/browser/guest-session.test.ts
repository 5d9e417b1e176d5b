import { createSimulator, type Listening, type Simulator, type SimulatorOptions } from '@guestpass/simulator';
import { createGuestpass, type GuestPass } from 'guestpass';
import type { SessionOptions } from 'guestpass/session';
import type { JSHandle, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import type { Guest, GuestPage } from './pages/guest.ts';
import { bundle, type Site, serveSite } from './support/site.ts';
import { type PageOptions, useBrowser } from './support/use-browser.ts';

// The session as browsers run it, in one: their sockets, their fetch, their Origin, and the simulator on its port.

const browser = useBrowser();
let script: string;

beforeAll(async () => {
  script = await bundle('guest');
}, 60_000);

const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2026-01-15T10:30:00Z' } };

interface Place {
  readonly simulator: Simulator;
  readonly port: Listening;
  readonly site: Site;
  readonly pass: GuestPass;
}

/** A site, a platform that lets pages of that site alone in, and a guest whom the site's server let in. */
async function place(options: SimulatorOptions = {}): Promise<Place> {
  const site = browser.use(await serveSite(script));
  const deployments = { demo: { allowedOrigins: [site.origin] } };
  const simulator = browser.use(createSimulator({ seed: 1, botDelayMs: 1, deployments, ...options }));
  const port = await simulator.listen();
  const credentials = { clientId: 'sim-client', clientSecret: 'sim-secret', origin: site.origin };
  await using guests = createGuestpass({ environment: port.url, issuer: 'web-messaging', ...credentials });
  return { simulator, port, site, pass: await guests.authenticate(payload) };
}

interface Visit extends PageOptions {
  readonly session?: SessionOptions;
  /** Whose page it is. Default that of the place. */
  readonly site?: Site;
}

async function visit({ site: home, pass }: Place, { session = {}, site = home, ...options }: Visit = {}) {
  const page = await browser.page(options);
  await page.goto(site.origin);
  return { page, guest: await connect(page, pass, session) };
}

async function connect(page: Page, pass: GuestPass, options: SessionOptions): Promise<JSHandle<Guest>> {
  const given = { pass, options: { reconnect: { baseDelayMs: 1, maxDelayMs: 50 }, ...options } };
  // The page's script put it there.
  return page.evaluateHandle(
    ({ pass, options }) => (globalThis as unknown as { guestPage: GuestPage }).guestPage.connect(pass, options),
    given,
  );
}

const say = (guest: JSHandle<Guest>, text: string) => guest.evaluate(({ session }, said) => session.send(said), text);

/** Everything heard, once it is that many. */
async function heard(page: Page, guest: JSHandle<Guest>, count: number): Promise<readonly string[]> {
  await page.waitForFunction(([{ heard }, least]) => heard.length >= least, [guest, count] as const);
  return guest.evaluate(({ heard }) => heard);
}

/** The server's view of the one session there is. */
function historyOf({ simulator }: Place): readonly string[] {
  const [known] = simulator.sessions.list();
  const said = simulator.sessions.history(known?.id ?? '').filter(({ type }) => type !== 'Event');
  return said.map(({ id }) => id);
}

const idsOf = (guest: JSHandle<Guest>) => guest.evaluate(({ session }) => session.transcript.map(({ id }) => id));

/** Turns of the guest, each with its answer. */
const turns = (from: number, to: number, answer: string) =>
  Array.from({ length: to - from }, (_, index) => [`guest: turn ${from + index}`, `${answer} ${from + index}`]).flat();

function agentSays({ simulator }: Place, reply: object): void {
  expect(simulator.sessions.say(simulator.sessions.list()[0]?.id ?? '', reply)).toMatchObject({ ok: true });
}

// Sockets and requests that a stopped platform refuses are errors on the console of every browser.
const lost = [/WebSocket connection to .* failed/, /ERR_CONNECTION_REFUSED/];

test('ten messages there and back, over a restart of the platform, none lost and none twice', async () => {
  const here = await place();
  const session = { limits: { messagesPerSecond: 1000 } };
  const { page, guest } = await visit(here, { session, expected: lost });
  for (let turn = 0; turn < 5; turn += 1) {
    await say(guest, `turn ${turn}`);
    await heard(page, guest, 2 * turn + 2);
  }
  const { port } = here.port;
  await here.port.close();
  const waiting = say(guest, 'turn 5');
  agentSays(here, { text: 'Answer 5' });
  await here.simulator.listen({ port });
  await waiting;
  for (let turn = 6; turn < 10; turn += 1) {
    await say(guest, `turn ${turn}`);
    agentSays(here, { text: `Answer ${turn}` });
  }
  expect(await heard(page, guest, 20)).toEqual([
    ...turns(0, 5, 'bot: Echo: turn'),
    'agent: Answer 5',
    'guest: turn 5',
    ...turns(6, 10, 'agent: Answer'),
  ]);
  expect(await idsOf(guest)).toEqual(historyOf(here));
  expect(await guest.evaluate(({ states }) => states)).toEqual(['configuring', 'ready', 'reconnecting', 'ready']);
});

test('typing is seen on both sides, and a quick reply is chosen', async () => {
  const here = await place({ bot: 'none' });
  const { page, guest } = await visit(here);
  await guest.evaluate(({ session }) => session.sendTyping());
  agentSays(here, { typing: true });
  agentSays(here, { text: 'Sure?', quickReplies: ['Yes', 'No'] });
  await heard(page, guest, 1);
  const said = await guest.evaluate(({ session }) => {
    const [question] = session.transcript;
    const [reply] = question?.quickReplies ?? [];
    if (!question || !reply) throw new Error('There was nothing to choose.');
    return session.sendButton({ type: 'QuickReply', ...reply, originatingMessageId: question.id });
  });
  expect(said).toMatchObject({ author: 'guest', type: 'Structured', text: 'Yes' });
  // Which of the two is heard first is nobody's promise.
  const events = await guest.evaluate(({ events }) => events);
  expect(events.toSorted()).toEqual(['agent: typing', 'guest: typing']);
  expect(await idsOf(guest)).toEqual(historyOf(here));
});

test('a file goes there and comes back', async () => {
  const here = await place();
  const { page, guest } = await visit(here);
  const said = await guest.evaluate(({ session }) => {
    const bytes = new TextEncoder().encode('parcel list ✓');
    return session.attach({ name: 'parcels.txt', type: 'text/plain', bytes }, { text: 'The list' });
  });
  expect(said).toMatchObject({ text: 'The list', attachments: [{ name: 'parcels.txt' }] });
  expect(await heard(page, guest, 2)).toEqual(['guest: The list', 'bot: Echo: The list']);
  const returned = await guest.evaluate(async ({ session }) => {
    const id = session.transcript[1]?.attachments[0]?.id ?? '';
    return new TextDecoder().decode(await session.download({ id }));
  });
  expect(returned).toBe('parcel list ✓');
});

test('a guest who closes the page and comes back reads everything, and the end is told', async () => {
  const here = await place();
  const first = await visit(here);
  await say(first.guest, 'hello');
  await heard(first.page, first.guest, 2);
  await first.guest.evaluate(({ session }) => session.close());
  expect(await heard(first.page, first.guest, 3)).toEqual(['guest: hello', 'bot: Echo: hello', 'the end']);

  const second = await visit(here, { session: { historyPageSize: 1 } });
  expect(await heard(second.page, second.guest, 2)).toEqual(['guest: hello', 'bot: Echo: hello']);
  const page = await second.guest.evaluate(({ session }) => session.history({ pageNumber: 2, pageSize: 1 }));
  expect(page).toMatchObject({ messages: [{ text: 'hello' }], more: false });
});

test('a page of another origin is not let in', async () => {
  const here = await place();
  const stranger = browser.use(await serveSite(script));
  const session = { reconnect: { attempts: 1, baseDelayMs: 1 } };
  const refused = visit(here, { site: stranger, session, expected: [/Unexpected response code: 403/] });
  await expect(refused).rejects.toThrow('The connection was lost, and 1 tries did not bring it back.');
});

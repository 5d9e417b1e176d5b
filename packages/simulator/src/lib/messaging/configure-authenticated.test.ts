import { expect, test } from 'vitest';
import type { SimulatorOptions } from '../settings.ts';
import type { GuestSocket } from '../testing/guest-socket.ts';
import { ask, configure, presence, rateRefused, refused, stage, text, token } from '../testing/guest-talk.ts';
import { siteAt } from '../testing/site.ts';

async function scene(auth: object = {}, options: SimulatorOptions = {}) {
  const on = await stage({ deployments: { demo: { auth }, 'your-channel-id': { auth } }, ...options });
  return { ...on, site: siteAt(on.url, fetch) };
}

const signIn = (jwt: string, more: object = {}) => ({
  ...configure,
  action: 'configureAuthenticatedSession',
  data: { code: jwt },
  ...more,
});

const signedIn = (socket: GuestSocket, jwt: string, more: object = {}) => ask(socket, signIn(jwt, more));

test('an account has one session, under whatever token', async () => {
  await using on = await scene();
  const { jwt } = await on.site.jwtOf('ann');
  using phone = await on.open();
  expect(await signedIn(phone, jwt, { tracingId: 't' })).toMatchObject({
    class: 'SessionResponse',
    body: { connected: true, newSession: true, clearedExistingSession: false },
    tracingId: 't',
  });
  await ask(phone, text('from my phone'));
  using laptop = await on.open();
  const again = await on.site.jwtOf('ann');
  expect(await signedIn(laptop, again.jwt, { token: 'laptop' })).toMatchObject({ body: { newSession: false } });
  await ask(laptop, { ...text('from my laptop'), token: 'laptop' });
  expect(await phone.next()).toMatchObject({ body: { text: 'from my laptop', direction: 'Inbound' } });
  expect(on.simulator.sessions.history(token)).toHaveLength(2);
  using other = await on.open();
  const { jwt: bobs } = await on.site.jwtOf('bob');
  expect(await signedIn(other, bobs, { token: 'bobs' })).toMatchObject({ body: { newSession: true } });
  expect(await signedIn(other, bobs)).toEqual(refused(403));
});

test('a JWT that is expired, revoked or invented is 401, and one of another deployment 403', async () => {
  await using on = await scene();
  using socket = await on.open();
  const { jwt } = await on.site.jwtOf('ann');
  const elsewhere = await on.site.jwtOf('ann', 'your-channel-id');
  expect(await signedIn(socket, 'invented')).toEqual(refused(401));
  expect(await signedIn(socket, elsewhere.jwt)).toEqual(refused(403));
  on.clock.advance(900_000);
  expect(await signedIn(socket, jwt)).toEqual(refused(401));
  const { jwt: gone } = await on.site.jwtOf('ann');
  await on.site.revoke(gone);
  expect(await signedIn(socket, gone)).toEqual(refused(401));
});

test('a JWT refreshed after its end is good again, and a session goes on over it', async () => {
  await using on = await scene();
  using socket = await on.open();
  const { jwt, refreshToken } = await on.site.jwtOf('ann');
  await signedIn(socket, jwt);
  on.clock.advance(900_000);
  expect(await ask(socket, text('still here'))).toMatchObject({ body: { text: 'still here' } });
  const fresh = Object(await (await on.site.refresh({ refreshToken })).json());
  using again = await on.open();
  expect(await signedIn(again, String(fresh.jwt))).toMatchObject({ body: { newSession: false } });
});

test('a token that an account talked under is 4017 for a guest who has not signed in', async () => {
  await using on = await scene();
  using socket = await on.open();
  await signedIn(socket, (await on.site.jwtOf('ann')).jwt);
  expect(await ask(socket, configure)).toEqual(refused(4017));
  expect(await ask(socket, { ...configure, startNew: true })).toEqual(refused(4017));
});

test('where guests must sign in, others may connect and not send', async () => {
  await using on = await scene();
  using socket = await on.join();
  expect(await ask(socket, text('hello'))).toEqual(refused(403));
  expect(await ask(socket, presence('Join'))).toEqual(refused(403));
  expect(await signedIn(socket, (await on.site.jwtOf('ann')).jwt)).toEqual(refused(403));
  await using open = await scene({ anonymousMaySend: true });
  using guest = await open.join();
  expect(await ask(guest, text('hello'))).toMatchObject({ body: { text: 'hello' } });
});

test('a guest who talks already signs in and keeps the conversation', async () => {
  await using on = await scene({ allowSessionUpgrade: true });
  using other = await on.join();
  using socket = await on.join();
  await ask(socket, text('before'));
  await other.next();
  const { jwt } = await on.site.jwtOf('ann');
  expect(await signedIn(socket, jwt, { tracingId: 't' })).toMatchObject({
    class: 'SessionResponse',
    body: { connected: true, newSession: false, clearedExistingSession: false },
    tracingId: 't',
  });
  expect(await socket.next()).toMatchObject({
    type: 'message',
    class: 'StructuredMessage',
    body: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'SignIn' } }] },
  });
  expect(await other.next()).toEqual({
    type: 'message',
    class: 'ConnectionClosedEvent',
    code: 200,
    body: { reason: 'signedIn' },
  });
  expect(await other.closed).toBe(1000);
  expect(await ask(socket, text('after'))).toMatchObject({ body: { text: 'after' } });
  expect(on.simulator.sessions.history(token)).toMatchObject([
    { text: 'before' },
    { type: 'Event' },
    { text: 'after' },
  ]);
  expect(await ask(socket, configure)).toEqual(refused(4017));
});

test('signing in while talking ends the session the account had elsewhere', async () => {
  await using on = await scene({ allowSessionUpgrade: true });
  const { jwt } = await on.site.jwtOf('ann');
  using phone = await on.open();
  await signedIn(phone, jwt, { token: 'phone' });
  using laptop = await on.join();
  await ask(laptop, text('before'));
  expect(await signedIn(laptop, jwt)).toMatchObject({ body: { newSession: false, clearedExistingSession: true } });
  expect([await phone.next(), await phone.next()]).toMatchObject([
    { class: 'SessionClearedEvent' },
    { class: 'ConnectionClosedEvent', body: {} },
  ]);
  using again = await on.open();
  expect(await signedIn(again, jwt, { token: 'phone' })).toMatchObject({ body: { newSession: false } });
  expect(on.simulator.sessions.list().map(({ state }) => state)).toEqual(['over', 'open']);
});

test('signing out tells every connection of the guest, and lets it go', async () => {
  await using on = await scene();
  const { jwt } = await on.site.jwtOf('ann');
  using phone = await on.open();
  await signedIn(phone, jwt, { token: 'phone' });
  await ask(phone, { ...text('kept'), token: 'phone' });
  using laptop = await on.open();
  await signedIn(laptop, jwt);
  using bob = await on.open();
  await signedIn(bob, (await on.site.jwtOf('bob')).jwt, { token: 'bob' });
  await on.site.revoke(jwt);
  const logout = { type: 'message', class: 'LogoutEvent', code: 200, body: {} };
  expect([await phone.next(), await laptop.next(), bob.heard]).toEqual([logout, logout, []]);
  expect(await ask(laptop, text('more'))).toEqual(refused(4007));
  expect(await signedIn(laptop, (await on.site.jwtOf('ann')).jwt)).toMatchObject({ body: { newSession: false } });
  expect(on.simulator.sessions.history('phone')).toHaveLength(1);
});

test('signing in counts as configuring, names what is missing, and is refused where it is not offered', async () => {
  await using on = await scene({}, { limits: { configuresPerMinute: 1 } });
  using socket = await on.open();
  expect(await signedIn(socket, 'jwt', { data: {} })).toEqual(refused(4020));
  expect(await signedIn(socket, 'jwt')).toEqual(refused(401));
  expect(await signedIn(socket, 'jwt')).toEqual(rateRefused(60));
  await using off = await stage();
  using guest = await off.open();
  expect(await signedIn(guest, 'jwt')).toEqual(refused(4000));
});

test('the configuration of a deployment tells whether guests sign in', async () => {
  await using on = await scene({ allowSessionUpgrade: true });
  const config = await fetch(`${on.url}/webdeployments/v1/deployments/demo/config.json`);
  expect(await config.json()).toMatchObject({ auth: { enabled: true, allowSessionUpgrade: true } });
});

import { expect, test } from 'vitest';
import { GuestpassError } from './errors.ts';
import { createGuestpass } from './guestpass.ts';
import { memoryTransport, type Peer } from './testing/memory-socket.ts';

const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2026-01-15T10:30:00Z' } };

/** Admits everybody, and notes who asked for what. */
function platform() {
  const peers: Peer[] = [];
  const transport = memoryTransport((peer) => {
    peers.push(peer);
    peer.onText = () => peer.send('{"class":"SessionResponse","code":200,"body":{"connected":true}}');
  });
  return { peers, transport };
}

test.each([
  ['usw2', 'wss://webmessaging.usw2.pure.cloud/v1?deploymentId=demo', 'https://webmessaging.usw2.pure.cloud'],
  ['http://127.0.0.1:4010', 'ws://127.0.0.1:4010/v1?deploymentId=demo', 'http://127.0.0.1:4010'],
])('web messaging in the environment %s opens %s', async (environment, url, origin) => {
  const { peers, transport } = platform();
  await using guests = createGuestpass({ environment, issuer: 'web-messaging', transport });
  const attempt = await guests.attempt(payload);
  expect(attempt).toMatchObject({ outcome: 'admitted', statusCodes: [200], stages: { token: expect.any(Number) } });
  expect(peers.map((peer) => peer.url.href)).toEqual([url]);
  expect(peers[0]?.headers).toEqual({ origin });
  expect(guests.stats()).toMatchObject({ admitted: 1 });
});

test('an Origin of the site is sent when there is one', async () => {
  const { peers, transport } = platform();
  const origin = 'https://shop.example';
  await using guests = createGuestpass({ environment: 'usw2', issuer: 'web-messaging', transport, origin });
  await guests.authenticate(payload);
  expect(peers[0]?.headers).toEqual({ origin });
});

test('policy comes before web messaging too', async () => {
  const { peers, transport } = platform();
  await using guests = createGuestpass({ environment: 'usw2', issuer: 'web-messaging', transport });
  const refused = await guests.attempt({ ...payload, consent: { ...payload.consent, accepted: false } });
  expect(refused).toMatchObject({ outcome: 'refused', error: { code: 'consent_required' } });
  expect(peers).toEqual([]);
});

test('rest needs a client, and an Origin is an origin', () => {
  const faultsOf = (options: Parameters<typeof createGuestpass>[0]) => {
    try {
      createGuestpass(options);
    } catch (error) {
      if (error instanceof GuestpassError) return error.faults.map(({ pointer }) => pointer);
    }
    return [];
  };
  expect(faultsOf({ environment: 'usw2' })).toEqual(['/clientId', '/clientSecret']);
  expect(faultsOf({ environment: 'usw2', issuer: 'web-messaging', origin: 'shop' })).toEqual(['/origin']);
});

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Gateway, loadMasterKey, startGateway } from '@guestpass/gateway';
import { createSimulator, defaultWebhookSecret, type Simulator } from '@guestpass/simulator';
import { isGuestpassError } from 'guestpass';
import { recaptchaVerifier } from 'guestpass/captcha';
import { undiciExchange } from 'guestpass/http';

/** Everything in one process, on this machine alone: the simulated platform, the gateway, and one guest let in. */
const home = '.guestpass';
const { values: flags } = parseArgs({ options: { once: { type: 'boolean', default: false } } });

console.log('\n  guestpass · target: simulator (nothing here leaves this machine)\n');
try {
  await using simulator = createSimulator({ webhookSecret: defaultWebhookSecret });
  const platform = await onFreePort(4010, (port) => simulator.listen({ port }));
  console.log(
    `  ✓ simulator   ${platform.url}   OAuth, guests, captcha, identity provider; stats: ${platform.url}/_sim/stats`,
  );
  await using network = { ...undiciExchange(), [Symbol.asyncDispose]: () => network.close() };
  await using gateway = await onFreePort(4000, (port) => openGateway(platform.url, port, network.exchange));
  console.log(`  ✓ gateway     ${gateway.url}   database in ${gateway.storage.place}`);
  await tellIdentityProvider(gateway, platform.url);

  const passed = await letOneIn(gateway, simulator);
  if (!passed) process.exitCode = 1;
  if (passed && !flags.once) await untilStopped(gateway.url);
  await gateway.stop();
  await platform.close();
} catch (error) {
  if (!isGuestpassError(error)) throw error;
  console.error(`  ✗ ${error.code}: ${error.message}`);
  process.exitCode = 1;
}

async function openGateway(environment: string, port: number, exchange: ReturnType<typeof undiciExchange>['exchange']) {
  const recaptcha = recaptchaVerifier({
    secret: 'sim-captcha-secret',
    url: `${environment}/captcha/recaptcha/siteverify`,
    exchange,
  });
  return await startGateway({
    platform: {
      environment,
      clientId: 'sim-client',
      clientSecret: 'sim-secret',
      policy: { captcha: { verifiers: { recaptcha } } },
    },
    storage: { directory: join(home, 'postgres') },
    masterKey: await loadMasterKey(join(home, 'master.key')),
    owner: `start-${process.pid}`,
    listen: { port },
    receivers: { allowHttp: true, ports: 'any', allowCidrs: ['127.0.0.0/8'] },
    observer: { problem: (error) => console.error('  !', error instanceof Error ? error.message : error) },
  });
}

/** The identity provider may have moved to another port since the last start. */
async function tellIdentityProvider({ endpoints }: Gateway, platformUrl: string): Promise<void> {
  const url = `${platformUrl}/_idp/webhooks`;
  const description = 'simulated identity provider';
  const known = (await endpoints.list()).find((endpoint) => endpoint.description === description);
  if (known) await endpoints.change(known.id, { url }, Date.now());
  else await endpoints.create({ url, description, secret: defaultWebhookSecret }, Date.now());
}

async function letOneIn(gateway: Gateway, simulator: Simulator): Promise<boolean> {
  const answer = await fetch(`${gateway.url}/v1/guests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(tutorialPayload()),
  });
  // A cast, because the answer is our own gateway's.
  const body = (await answer.json()) as Record<
    'attemptId' | 'guestId' | 'sessionToken' | 'expiresAt' | 'code' | 'detail',
    string
  >;
  if (answer.status !== 201) {
    console.log(`  ✗ guest       ${answer.status} ${body.code}: ${body.detail}`);
    return false;
  }
  console.log(`  ✓ guest       ${body.guestId}   ${answer.headers.get('server-timing')}`);
  console.log(`                session token …${body.sessionToken.slice(-4)}, good until ${body.expiresAt}`);
  return (await showAudit(gateway, body.attemptId)) && (await showDelivery(gateway, simulator, body));
}

/** The tutorial's payload, given now: a gateway asks for fresh consent, and for a captcha that its provider confirms. */
function tutorialPayload() {
  return {
    channelId: process.env.WEBMSG_CHANNEL_ID ?? 'your-channel-id',
    consent: { accepted: true, timestamp: new Date().toISOString() },
    captcha: { provider: 'recaptcha', response: `ok.03AGdBq25.${Date.now()}`, score: 0.9 },
    attributes: { origin: 'automated_test', user_agent: 'python-httpx/0.24.0' },
  };
}

async function showAudit({ audit }: Gateway, attemptId: string): Promise<boolean> {
  const records = await audit.page({ limit: 2, attemptId });
  for (const { sequence, event_type, hash } of records.toReversed()) {
    console.log(`  ✓ audit       #${sequence} ${event_type} ${hash.slice(0, 16)}…`);
  }
  const proof = await audit.verify();
  if (proof.ok) console.log(`  ✓ chain       ${proof.records} records, unbroken`);
  else console.log(`  ✗ chain       broken at record ${proof.sequence}: ${proof.detail}`);
  return proof.ok;
}

async function showDelivery(
  { deliveries }: Gateway,
  simulator: Simulator,
  { attemptId, guestId }: { readonly attemptId: string; readonly guestId: string },
): Promise<boolean> {
  for (let waited = 0; waited < 10_000; waited += 50) {
    const [delivery] = await deliveries.list({ limit: 1, attemptId });
    if (delivery?.state === 'delivered') {
      const identities = await (await simulator.fetch(new Request('http://simulator/_idp/identities'))).text();
      const aligned = identities.includes(guestId);
      const word = aligned ? 'verified its signature and knows the guest' : 'does not know the guest';
      console.log(`  ${aligned ? '✓' : '✗'} webhook     ${delivery.event_id} delivered; the identity provider ${word}`);
      return aligned;
    }
    await sleep(50);
  }
  console.log('  ✗ webhook     not delivered within 10 s');
  return false;
}

async function untilStopped(url: string): Promise<void> {
  console.log(`
  Try    curl -s ${url}/captcha/challenge
         npx guestpass authenticate --target simulator --channel demo --consent

  Ctrl-C stops.`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

async function onFreePort<T>(from: number, open: (port: number) => Promise<T>): Promise<T> {
  for (let port = from; port < from + 20; port += 1) {
    try {
      return await open(port);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
      console.log(`  ! port ${port} is busy, trying ${port + 1}`);
    }
  }
  throw new Error(`No free port from ${from} to ${from + 19}.`);
}

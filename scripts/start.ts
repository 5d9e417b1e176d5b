import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, parseEnv } from 'node:util';
import { endOnCrash, onHangup, openBrowser, run } from '@guestpass/cli';
import { type ConfigSource, crashDrain, type Service, startService, tellCrash } from '@guestpass/gateway';
import { type GatewayConfig, readGatewayConfig } from '@guestpass/gateway/config';
import { createSimulator, defaultWebhookSecret, type GuestMessage, type Reply } from '@guestpass/simulator';
import { isGuestpassError } from 'guestpass';
import { recaptchaVerifier } from 'guestpass/captcha';
import { type Exchange, undiciExchange } from 'guestpass/http';
import { onFreePort } from './start/free-port.ts';
import { heedInterrupts, interrupt, suspend } from './start/interruption.ts';
import { type Hotkey, keyLine, readKeys } from './start/keys.ts';
import { type SharedSimulator, shareSimulator } from './start/shared-simulator.ts';
import { createStorm, type Storm, stormMs } from './start/storm.ts';

/**
 * Everything in one process on this machine: the simulated platform, the gateway, and one guest let in. Started once
 * more in the same directory, it joins what runs there: one platform and one database, and a gateway each. With
 * `GUESTPASS_TARGET=genesys` in the environment or `.env` there is nothing to simulate: then it is `guestpass serve`.
 */
const home = '.guestpass';
/** What a visitor chooses to take leave. Stands here because everything below runs before the end of this file does. */
const leaving = 'End the conversation';
const readFile = (path: string) => readFileSync(path, 'utf8');
const variables = readVariables();
const { values: flags } = parseArgs({ options: { once: { type: 'boolean', default: false } } });

try {
  if ((variables.GUESTPASS_TARGET ?? 'simulator') === 'simulator') await simulate();
  else await run([...process.argv.slice(0, 2), 'serve']);
} catch (error) {
  if (!isGuestpassError(error)) throw error;
  console.error(`  ✗ ${error.code}: ${error.message}`);
  for (const { pointer, detail } of error.faults) console.error(`    ${pointer.slice(1)} ${detail}`);
  process.exitCode = 1;
}

async function simulate(): Promise<void> {
  console.log('\n  guestpass · target: simulator (nothing here leaves this machine)\n');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const interruption = heedInterrupts();
  await using simulator = createSimulator({ webhookSecret: defaultWebhookSecret, bot: converse });
  await using platform = await shareSimulator(simulator, home, () =>
    tell('simulator', `${platform.url}   served from here now: the process that had it has ended`),
  );
  const parts = 'OAuth, guests, messaging, captcha, identity provider';
  tell('simulator', `${platform.url}   ${platform.joined ? 'runs here already, and is joined' : parts}`);
  await using network = { ...undiciExchange(), [Symbol.asyncDispose]: () => network.close() };
  await using log = openLog();
  const means = { variables, exchange: network.exchange };
  let config = configOf(platform, 4000, means);
  const starting = onFreePort(4000, (port) => {
    const read: ConfigSource['read'] = (cause) => {
      if (cause === 'signal') means.variables = readVariables();
      return configOf(platform, port, means);
    };
    config = read('file');
    return startService(config, { version: '0.1.0', write: log.write, source: { read, readFile } });
  });
  using _crash = endOnCrash(async (error) => {
    console.error('  ✗ Something broke that nobody caught; .guestpass/gateway.log has a line on it.');
    tellCrash(config, log, error);
    await (await starting).stop(crashDrain);
    await log[Symbol.asyncDispose]();
  });
  const service = await starting;
  using _reload = onHangup({ reload: () => service.reload(), end: () => interruption.abort() });
  process.exitCode = interruption.signal.aborted ? 130 : await serveUntil(interruption, service, platform.url);
  await service.stop();
}

/** Shows what is there, and resolves with the exit code. */
async function serveUntil(interruption: AbortController, service: Service, platform: string): Promise<number> {
  tell('gateway', `${service.gateway.url}   database in ${service.gateway.storage.place}`);
  tell('guest page', guestPage(service));
  tell('console', `${consolePage(service)}   API at /docs`);

  const passed = (await pagesAnswer(service)) && (await letOneIn(service, platform));
  if (passed && !flags.once) await stayUp(interruption, service, platform);
  return passed ? 0 : 1;
}

function guestPage({ gateway }: Service): string {
  return `${gateway.url}/guest?channel=demo`;
}

function consolePage({ operatorUrl }: Service): string {
  return `${operatorUrl}/console#token=${operatorToken()}`;
}

interface Means {
  readonly variables: ReturnType<typeof readVariables>;
  readonly exchange: Exchange;
}

/** The gateway's own defaults, pointed at the simulator; whoever set a variable of the gateway has it. */
function configOf({ url: environment, joined }: SharedSimulator, port: number, means: Means): GatewayConfig {
  const config = readGatewayConfig(
    {
      GUESTPASS_PORT: String(port),
      GUESTPASS_OPERATOR_PORT: String(port + 1),
      GUESTPASS_OPERATOR_TOKEN: operatorToken(),
      GUESTPASS_DRAIN_DELAY_MS: '0',
      GUESTPASS_WEBHOOK_URL: `${environment}/_idp/webhooks`,
      GUESTPASS_WEBHOOK_SECRET: defaultWebhookSecret,
      GUESTPASS_INSECURE_WEBHOOKS: 'true',
      GUESTPASS_WEBHOOK_NETWORKS: '127.0.0.0/8',
      // Each gateway of a fleet signs checkpoints in a file of its own.
      ...(joined && { GUESTPASS_AUDIT_CHECKPOINT_FILE: join(home, `checkpoints-${port}.jsonl`) }),
      ...means.variables,
      GUESTPASS_TARGET: 'simulator',
      GUESTPASS_ENVIRONMENT: environment,
    },
    // Read by `guestpass tail` and `guestpass deliveries`.
    { readFile, alsoKnown: ['GUESTPASS_OPERATOR_URL'] },
  );
  const url = `${environment}/captcha/recaptcha/siteverify`;
  const recaptcha = recaptchaVerifier({ secret: 'sim-captcha-secret', url, exchange: means.exchange });
  const { policy = {} } = config.platform;
  const captcha = { ...policy.captcha, verifiers: { recaptcha } };
  return { ...config, platform: { ...config.platform, policy: { ...policy, captcha } } };
}

function readVariables(): Readonly<Record<string, string | undefined>> {
  return { ...(existsSync('.env') ? parseEnv(readFile('.env')) : {}), ...process.env };
}

/** Kept between starts, so that whoever noted it down is not locked out. */
function operatorToken(): string {
  const path = join(home, 'operator-token');
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return readFile(path).trim();
}

function openLog() {
  const file = createWriteStream(join(home, 'gateway.log'), { flags: 'a', mode: 0o600 });
  return {
    write: (line: string) => void file.write(line),
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void file.end(resolve)),
  };
}

/** The one who answers on the guest page: repeats what was said, offers two answers, and can take leave. */
function converse({ text, content }: GuestMessage): readonly Reply[] {
  if (text === leaving) return [{ text: 'Goodbye.' }, { disconnect: true }];
  if (text === undefined && content.length === 0) return [];
  const heard = text === undefined ? 'You sent a file.' : `You said: ${text}`;
  return [{ typing: true }, { text: heard, quickReplies: ['Tell me more', leaving] }];
}

async function pagesAnswer({ gateway, operatorUrl }: Service): Promise<boolean> {
  const pages = [`${gateway.url}/guest`, `${operatorUrl}/console`];
  const answers = await Promise.all(pages.map(async (page) => ({ page, status: (await fetch(page)).status })));
  const broken = answers.filter(({ status }) => status !== 200);
  for (const { page, status } of broken) console.log(`  ✗ page        ${page} answered ${status}`);
  return broken.length === 0;
}

async function letOneIn({ gateway }: Service, platform: string): Promise<boolean> {
  const answer = await fetch(`${gateway.url}/v1/guests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(tutorialPayload()),
  });
  // A cast, because the answer is our own gateway's.
  const body = (await answer.json()) as Record<
    'attemptId' | 'guestId' | 'sessionToken' | 'expiresAt' | 'code' | 'detail' | 'requestId',
    string
  >;
  if (answer.status !== 201) {
    console.log(`  ✗ guest       ${answer.status} ${body.code}: ${body.detail}`);
    console.log(`                ${join(home, 'gateway.log')} says more under ${body.requestId}`);
    return false;
  }
  tell('guest', `${body.guestId}   ${answer.headers.get('server-timing')}`);
  console.log(`                session token …${body.sessionToken.slice(-4)}, good until ${body.expiresAt}`);
  return (await showAudit(gateway, body.attemptId)) && (await showDelivery(gateway, platform, body));
}

/** The tutorial's payload, given now: a gateway asks for fresh consent, and for a captcha that its provider confirms. */
function tutorialPayload() {
  return {
    channelId: variables.WEBMSG_CHANNEL_ID ?? 'your-channel-id',
    consent: { accepted: true, timestamp: new Date().toISOString() },
    captcha: { provider: 'recaptcha', response: `ok.03AGdBq25.${Date.now()}`, score: 0.9 },
    attributes: { origin: 'automated_test', user_agent: 'python-httpx/0.24.0' },
  };
}

async function showAudit({ audit }: Service['gateway'], attemptId: string): Promise<boolean> {
  const records = await audit.page({ limit: 2, attemptId });
  for (const { sequence, event_type, hash } of records.toReversed()) {
    tell('audit', `#${sequence} ${event_type} ${hash.slice(0, 16)}…`);
  }
  const proof = await audit.verify();
  if (proof.ok) tell('chain', `${proof.records} records, unbroken`);
  else console.log(`  ✗ chain       broken at record ${proof.sequence}: ${proof.detail}`);
  return proof.ok;
}

async function showDelivery(
  { deliveries }: Service['gateway'],
  platform: string,
  { attemptId, guestId }: { readonly attemptId: string; readonly guestId: string },
): Promise<boolean> {
  for (let waited = 0; waited < 10_000; waited += 50) {
    const [delivery] = await deliveries.list({ limit: 1, attemptId });
    if (delivery?.state === 'delivered') {
      const identities = await (await fetch(`${platform}/_idp/identities`)).text();
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

async function stayUp(interruption: AbortController, service: Service, platform: string): Promise<void> {
  const { signal } = interruption;
  if (signal.aborted) return;
  await using storm = createStorm(platform, () => tell('storm', 'over: guests get in again'));
  const hotkeys = hotkeysOf(service, { platform, storm, quit: () => interruption.abort() });
  const isAtTerminal = process.stdin.isTTY && process.stdout.isTTY;
  console.log(`
  Try    npx guestpass authenticate --target simulator --channel demo --consent
         ${guestPage(service)} in a browser, and ${service.operatorUrl}/console beside it
         curl -s -H "authorization: Bearer $(cat ${join(home, 'operator-token')})" ${service.operatorUrl}/v1/attempts
${isAtTerminal ? `\n  Keys   ${keyLine(hotkeys)}\n` : ''}
  Ctrl-C stops.`);
  using _keys = isAtTerminal ? readKeys(process.stdin, hotkeys, { interrupt, suspend }) : undefined;
  await once(signal, 'abort');
}

interface Controls {
  readonly platform: string;
  readonly storm: Storm;
  readonly quit: () => void;
}

function hotkeysOf(service: Service, { platform, storm, quit }: Controls): readonly Hotkey[] {
  const open = async (page: string) => {
    tell('opening', page);
    if (!(await openBrowser(page))) console.log('  ! no program is here that opens it');
  };
  const storming = `the platform answers 429 to every guest for ${stormMs / 1_000} s; t shows what comes of it, r ends it`;
  const hotkeys: readonly Hotkey[] = [
    { key: 'o', name: 'console', press: () => open(consolePage(service)) },
    { key: 'g', name: 'guest page', press: () => open(guestPage(service)) },
    { key: 't', name: 'one guest', press: () => unbroken(letOneIn(service, platform)) },
    { key: 'f', name: '429 storm', press: () => unbroken(storm.begin().then(() => tell('storm', storming))) },
    { key: 'r', name: 'reset faults', press: () => unbroken(storm.end().then(() => tell('faults', 'none are left'))) },
    { key: 'q', name: 'quit', press: quit },
    { key: '?', name: 'help', press: () => console.log(`  Keys   ${keyLine(hotkeys)}`) },
  ];
  return hotkeys;
}

/** What a key has asked for and did not come about is told, and ends nothing. */
async function unbroken(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => console.log(`  ✗ ${error instanceof Error ? error.message : String(error)}`));
}

function tell(what: string, detail: string): void {
  console.log(`  ✓ ${what.padEnd(11)} ${detail}`);
}

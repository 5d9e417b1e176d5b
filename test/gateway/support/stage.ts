import { randomBytes } from 'node:crypto';
import {
  type Endpoint,
  type Gateway,
  type GatewayObserver,
  type GatewayOptions,
  startGateway,
} from '@guestpass/gateway';
import { type TestDatabase, testDatabase } from '@guestpass/gateway/testing';
import { createSimulator, defaultWebhookSecret, type Simulator, type SimulatorOptions } from '@guestpass/simulator';
import type { PipelineOptions } from 'guestpass';
import { recaptchaVerifier } from 'guestpass/captcha';
import { undiciExchange } from 'guestpass/http';
import { createWitness, type Witness } from './witness.ts';

export const captchaSecret = 'sim-captcha-secret';
export const clientSecret = 'sim-secret';

export interface StageOptions {
  readonly gateway?: Partial<GatewayOptions>;
  readonly platform?: Partial<PipelineOptions>;
  readonly simulator?: SimulatorOptions;
}

/** A gateway over HTTP, the simulated platform over HTTP, a database of their own, and who saw what happened. */
export interface Stage extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly simulator: Simulator;
  /** Origin of the simulator. */
  readonly platformUrl: string;
  readonly gateway: Gateway;
  readonly masterKey: Buffer;
  /** The identity provider, told of everything. */
  readonly endpoint: Endpoint;
  readonly witness: Witness;
  /** Asks to let a guest in. */
  ask(payload: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Another gateway on the same database and platform, with options of its own. */
  another(owner: string, options?: Partial<GatewayOptions>): Promise<Gateway>;
}

/** Nobody is held to a rate, and receivers and platform are on this machine; time is real. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await testDatabase({ migrated: false }));
  const simulator = opened.use(
    createSimulator({ seed: 1, requestsPerMinute: 1e9, tokenRequestsPerMinute: 1e9, ...options.simulator }),
  );
  const { url: platformUrl } = await simulator.listen();
  const masterKey = randomBytes(32);
  const witness = createWitness();
  const start = (owner: string, stack: AsyncDisposableStack, more: Partial<GatewayOptions> = {}) => {
    const means = { platformUrl, masterKey, owner, url: database.url, observer: witness.observer, opened: stack };
    return startGateway({ ...gatewayOptions(options, means), ...more });
  };
  const gateway = opened.use(await start('gateway-1', opened));
  const hook = { url: `${platformUrl}/_idp/webhooks`, secret: defaultWebhookSecret };
  const endpoint = await gateway.endpoints.create(hook, Date.now());
  const kept = opened.move();
  return {
    database,
    simulator,
    platformUrl,
    gateway,
    masterKey,
    endpoint,
    witness,
    ask: (payload, headers) => askGuest(gateway.url, payload, headers),
    async another(owner, more) {
      return kept.use(await start(owner, kept, more));
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** `POST /v1/guests` as a website does it. */
export function askGuest(
  url: string,
  payload: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${url}/v1/guests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(payload),
  });
}

interface Means {
  readonly platformUrl: string;
  readonly masterKey: Buffer;
  readonly owner: string;
  readonly url: string;
  readonly observer: Partial<GatewayObserver>;
  readonly opened: AsyncDisposableStack;
}

function gatewayOptions({ gateway, platform }: StageOptions, means: Means): GatewayOptions {
  const { platformUrl, masterKey, owner, url, observer, opened } = means;
  const network = opened.adopt(undiciExchange(), (open) => open.close());
  const recaptcha = recaptchaVerifier({
    secret: captchaSecret,
    url: `${platformUrl}/captcha/recaptcha/siteverify`,
    exchange: network.exchange,
    timeoutMs: 1_000,
  });
  return {
    storage: { url },
    masterKey,
    owner,
    rates: { address: 1e6, subnet: 1e6, channel: 1e6, total: 1e6 },
    load: { maxConnectionsPerAddress: 1_000, maxEventLoopDelayMs: 60_000 },
    altcha: { cost: 20, guesses: { fewest: 3, most: 9 } },
    receivers: { allowHttp: true, ports: 'any', allowCidrs: ['127.0.0.0/8'] },
    observer,
    ...gateway,
    platform: {
      environment: platformUrl,
      clientId: 'sim-client',
      clientSecret,
      requestsPerMinute: Number.POSITIVE_INFINITY,
      retry: { baseDelayMs: 1 },
      policy: { captcha: { verifiers: { recaptcha } } },
      ...platform,
    },
  };
}

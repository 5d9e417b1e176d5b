import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Service, startService } from '@guestpass/gateway';
import { readGatewayConfig } from '@guestpass/gateway/config';
import { type TestDatabase, testDatabase } from '@guestpass/gateway/testing';
import { createSimulator, defaultWebhookSecret, type Simulator } from '@guestpass/simulator';
import { systemClock } from 'guestpass';
import { fetchExchange } from 'guestpass/http';

/** A real gateway before a simulated platform, and what it takes to ask it. */
export interface TestGateway extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly service: Service;
  readonly database: TestDatabase;
  /** The environment of an operator. */
  readonly env: Readonly<Record<string, string>>;
  /** Lets a guest in; resolves with the status. */
  letIn(channelId?: string): Promise<number>;
}

const operatorToken = 'operator-token-0123456789-0123456789-0123456789';
/** Of an operator who may look and no more. */
export const viewerToken = 'viewer-token-0123456789-0123456789-0123456789';

/** Starts a gateway on a database of its own that tells the simulator's identity provider of every outcome. */
export async function testGateway(variables: Readonly<Record<string, string>> = {}): Promise<TestGateway> {
  const database = await testDatabase();
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-cli-'));
  const simulator = createSimulator({ seed: 1, webhookSecret: defaultWebhookSecret, requestsPerMinute: 100_000 });
  const { url } = await simulator.listen();
  const config = readGatewayConfig(
    {
      GUESTPASS_TARGET: 'simulator',
      GUESTPASS_ENVIRONMENT: url,
      GUESTPASS_DATABASE_URL: database.url,
      GUESTPASS_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      GUESTPASS_AUDIT_CHECKPOINT_FILE: join(directory, 'checkpoints.jsonl'),
      GUESTPASS_PORT: '0',
      GUESTPASS_OPERATOR_PORT: '0',
      // Nobody is turned away because other tests have the processors.
      GUESTPASS_MAX_EVENT_LOOP_DELAY_MS: '60000',
      GUESTPASS_OPERATOR_TOKEN: operatorToken,
      GUESTPASS_OPERATORS_FILE: 'operators.json',
      GUESTPASS_CAPTCHA_POLICY: 'optional',
      GUESTPASS_RATE_PER_ADDRESS: '100000',
      GUESTPASS_RATE_PER_SUBNET: '100000',
      GUESTPASS_RATE_PER_CHANNEL: '100000',
      GUESTPASS_RATE_TOTAL: '100000',
      GUESTPASS_REQUESTS_PER_MINUTE: '100000',
      GUESTPASS_DRAIN_DELAY_MS: '0',
      GUESTPASS_WEBHOOK_URL: `${url}/_idp/webhooks`,
      GUESTPASS_WEBHOOK_SECRET: defaultWebhookSecret,
      GUESTPASS_INSECURE_WEBHOOKS: 'true',
      GUESTPASS_WEBHOOK_NETWORKS: '127.0.0.0/8',
      ...variables,
    },
    {
      readFile: () => JSON.stringify([{ name: 'vera', role: 'viewer', tokenSha256: hash('sha256', viewerToken) }]),
    },
  );
  const service = await startService(config, { version: '0.0.0', write: () => {} });
  const send = fetchExchange();
  return {
    simulator,
    service,
    database,
    env: { GUESTPASS_OPERATOR_URL: service.operatorUrl, GUESTPASS_OPERATOR_TOKEN: operatorToken },
    async letIn(channelId = 'demo') {
      const consent = { accepted: true, timestamp: new Date(systemClock.now()).toISOString() };
      const { status } = await send({
        method: 'POST',
        url: `${service.gateway.url}/v1/guests`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ channelId, consent }),
      });
      return status;
    },
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await simulator[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

import { generateKeyPairSync, hash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Service, startService } from '@guestpass/gateway';
import { readGatewayConfig } from '@guestpass/gateway/config';
import { type TestDatabase, testDatabase } from '@guestpass/gateway/testing';
import { createSimulator, defaultWebhookSecret, type Simulator } from '@guestpass/simulator';
import { askGuest } from '../../gateway/support/stage.ts';

/** A whole service as `guestpass serve` starts it, with its operator listener, beside the simulated platform. */
export interface ConsoleStage extends AsyncDisposable {
  readonly service: Service;
  readonly simulator: Simulator;
  readonly database: TestDatabase;
  /** That of an admin. */
  readonly token: string;
  /** Tokens of operators who have the name of their role and `-1` behind it. */
  readonly tokens: Readonly<Record<'viewer' | 'auditor', string>>;
  /** Of the log. */
  readonly lines: readonly string[];
  /** The console's address, with the token in its fragment. */
  readonly signInUrl: string;
  /** Asks to let a guest in; answers the attempt's id. */
  letIn(change?: Readonly<Record<string, unknown>>): Promise<string>;
}

/** What guests of its channel consent to; they get a receipt. */
export const shopNotice = {
  id: 'shop-privacy',
  version: '2026-01',
  language: 'en',
  channels: ['your-channel-id'],
  text: 'We process what you write in this chat to answer you.',
  purposes: ['answering the guest'],
  dataCategories: ['chat messages'],
  controller: { name: 'Shop Ltd', contact: 'privacy@shop.example' },
  storageDuration: '90 days',
  withdrawal: 'https://shop.example/withdraw',
};

/** The identity provider of the simulator is told of every guest. No captcha is asked for, and nobody held to a rate. */
export async function openConsoleStage(): Promise<ConsoleStage> {
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await testDatabase({ migrated: false }));
  const directory = mkdtempSync(join(tmpdir(), 'guestpass-console-'));
  opened.defer(() => rmSync(directory, { recursive: true }));
  const simulator = opened.use(
    createSimulator({
      seed: 1,
      requestsPerMinute: 1e9,
      tokenRequestsPerMinute: 1e9,
      signIn: {
        redirectUris: ['127.0.0.1', 'localhost'].map((host) => `http://${host}/v1/operator-sign-in/callback`),
      },
    }),
  );
  const { url: platformUrl } = await simulator.listen();
  const newToken = () => randomBytes(32).toString('base64url');
  const lines: string[] = [];
  const token = newToken();
  const tokens = { viewer: newToken(), auditor: newToken() };
  const people = Object.entries(tokens).map(([role, one]) => ({
    name: `${role}-1`,
    role,
    tokenSha256: hash('sha256', one),
  }));
  writeFileSync(join(directory, 'operators.json'), JSON.stringify(people));
  writeFileSync(join(directory, 'notices.json'), JSON.stringify([shopNotice]));
  const config = readGatewayConfig(variablesFor({ platformUrl, databaseUrl: database.url, directory, token }), {
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  const service = opened.use(
    await startService(config, { version: '0.0.0-test', write: (line) => void lines.push(line) }),
  );
  const kept = opened.move();
  return {
    service,
    simulator,
    database,
    token,
    tokens,
    lines,
    signInUrl: `${service.operatorUrl}/console#token=${token}`,
    async letIn(change = {}) {
      const payload = {
        channelId: 'demo',
        consent: { accepted: true, timestamp: new Date().toISOString() },
        ...change,
      };
      const response = await askGuest(service.gateway.url, payload);
      // A cast, because the answer is our own gateway's.
      const body = (await response.json()) as { readonly attemptId?: string; readonly instance?: string };
      return body.attemptId ?? body.instance?.split('/').at(-1) ?? '';
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface Places {
  readonly platformUrl: string;
  readonly databaseUrl: string;
  readonly directory: string;
  readonly token: string;
}

function variablesFor({ platformUrl, databaseUrl, directory, token }: Places): Record<string, string> {
  return {
    GUESTPASS_TARGET: 'simulator',
    GUESTPASS_ENVIRONMENT: platformUrl,
    GUESTPASS_PORT: '0',
    GUESTPASS_OPERATOR_PORT: '0',
    GUESTPASS_OPERATOR_TOKEN: token,
    GUESTPASS_OPERATORS_FILE: join(directory, 'operators.json'),
    GUESTPASS_OPERATOR_OIDC_ISSUER: `${platformUrl}/_oidc`,
    GUESTPASS_OPERATOR_OIDC_CLIENT_ID: 'sim-site',
    GUESTPASS_OPERATOR_OIDC_CLIENT_SECRET: 'sim-site-secret',
    GUESTPASS_OPERATOR_OIDC_SCOPE: 'openid profile',
    GUESTPASS_OPERATOR_OIDC_NAME_CLAIM: 'sub',
    GUESTPASS_OPERATOR_OIDC_ROLE_CLAIM: 'sub',
    GUESTPASS_OPERATOR_OIDC_ROLES: 'ada=auditor,olga=operator',
    GUESTPASS_OPERATOR_SESSION_HOURS: '8',
    GUESTPASS_DATABASE_URL: databaseUrl,
    GUESTPASS_MASTER_KEY: randomBytes(32).toString('base64'),
    GUESTPASS_CONSENT_NOTICES: join(directory, 'notices.json'),
    GUESTPASS_CONSENT_KEY: generateKeyPairSync('ed25519')
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString(),
    GUESTPASS_AUDIT_CHECKPOINT_FILE: join(directory, 'checkpoints.jsonl'),
    GUESTPASS_CAPTCHA_POLICY: 'optional',
    GUESTPASS_RATE_PER_ADDRESS: '1000000',
    GUESTPASS_RATE_PER_SUBNET: '1000000',
    GUESTPASS_RATE_PER_CHANNEL: '1000000',
    GUESTPASS_RATE_TOTAL: '1000000',
    GUESTPASS_MAX_CONNECTIONS_PER_ADDRESS: '1000',
    GUESTPASS_MAX_EVENT_LOOP_DELAY_MS: '60000',
    GUESTPASS_WEBHOOK_URL: `${platformUrl}/_idp/webhooks`,
    GUESTPASS_WEBHOOK_SECRET: defaultWebhookSecret,
    GUESTPASS_INSECURE_WEBHOOKS: 'true',
    GUESTPASS_WEBHOOK_NETWORKS: '127.0.0.0/8',
    GUESTPASS_DRAIN_DELAY_MS: '0',
  };
}

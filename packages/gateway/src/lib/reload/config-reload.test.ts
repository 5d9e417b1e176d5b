import { generateKeyPairSync } from 'node:crypto';
import { generateWebhookSecret } from 'guestpass/webhook';
import { expect, test } from 'vitest';
import { readGatewayConfig } from '../settings/config.ts';
import { createConfigReload } from './config-reload.ts';

const letters = (letter: string) => `${letter.repeat(20)}-0123456789-0123456789`;
const webhookSecret = generateWebhookSecret();
const keyOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');

/** Settings and files that may change, as a gateway reads them. */
function setUp(more: Readonly<Record<string, string>> = {}) {
  const world = {
    variables: {
      GUESTPASS_TARGET: 'simulator',
      GUESTPASS_CLIENT_ID: 'client-1',
      GUESTPASS_CLIENT_SECRET_FILE: '/run/client-secret',
      GUESTPASS_OPERATOR_TOKEN_FILE: '/run/operator-token',
      GUESTPASS_ALTCHA_SECRET: letters('a'),
      GUESTPASS_RECAPTCHA_SECRET: letters('r'),
      GUESTPASS_DATABASE_URL: 'postgres://guestpass:one@db.example:5432/guestpass',
      GUESTPASS_MASTER_KEY: keyOf(7),
      GUESTPASS_WEBHOOK_URL: 'https://idp.example/hook',
      GUESTPASS_WEBHOOK_SECRET: webhookSecret,
      ...more,
    } as Record<string, string | undefined>,
    files: { '/run/client-secret': 'secret-1\n', '/run/operator-token': `${letters('o')}\n` } as Record<string, string>,
    fault: undefined as Error | undefined,
  };
  const readFile = (path: string) => {
    const text = world.files[path];
    if (text === undefined) throw Object.assign(new Error('not there'), { code: 'ENOENT' });
    return text;
  };
  const read = () => readGatewayConfig(world.variables, { readFile });
  const reload = createConfigReload({
    config: read(),
    read,
    check() {
      if (world.fault) throw world.fault;
    },
  });
  return { world, read, reload };
}

test('every secret that may change is in force after one reload, and the next one finds nothing new', () => {
  const { world, reload } = setUp();
  const next = generateWebhookSecret();
  Object.assign(world.files, { '/run/client-secret': 'secret-2\n', '/run/operator-token': letters('p') });
  Object.assign(world.variables, {
    GUESTPASS_CLIENT_ID: 'client-2',
    GUESTPASS_ALTCHA_SECRET: letters('b'),
    GUESTPASS_RECAPTCHA_SECRET: letters('s'),
    GUESTPASS_DATABASE_URL: 'postgres://other:two@db.example:5432/guestpass',
    GUESTPASS_WEBHOOK_SECRET: next,
  });
  expect(reload.reload('file')).toEqual({
    outcome: 'applied',
    cause: 'file',
    changed: [
      'GUESTPASS_CLIENT_ID',
      'GUESTPASS_CLIENT_SECRET',
      'GUESTPASS_OPERATOR_TOKEN',
      'GUESTPASS_DATABASE_URL',
      'GUESTPASS_WEBHOOK_SECRET',
      'GUESTPASS_ALTCHA_SECRET',
      'GUESTPASS_RECAPTCHA_SECRET',
    ],
    restart: [],
  });
  expect(reload.config).toMatchObject({
    platform: { clientId: 'client-2', clientSecret: 'secret-2' },
    operator: { token: letters('p') },
    captcha: { altchaSecret: letters('b'), recaptchaSecret: letters('s') },
    storage: { url: 'postgres://other:two@db.example:5432/guestpass' },
    webhook: { url: 'https://idp.example/hook', secret: next },
  });
  expect(reload.reload('signal')).toEqual({ outcome: 'unchanged', cause: 'signal', changed: [], restart: [] });
});

test('one faulty value keeps all of them out, and the fault says where and not what', () => {
  const { world, reload } = setUp();
  const before = reload.config;
  Object.assign(world.files, { '/run/client-secret': 'secret-2', '/run/operator-token': 'canary' });
  const refused = reload.reload('file');
  expect(refused).toMatchObject({ outcome: 'refused', error: { code: 'config_invalid' } });
  expect(JSON.stringify(refused) + String(Object(refused).error)).not.toContain('canary');
  expect(reload.config).toBe(before);
  delete world.files['/run/operator-token'];
  expect(reload.reload('file')).toMatchObject({
    error: { faults: [{ pointer: '/GUESTPASS_OPERATOR_TOKEN_FILE', detail: expect.stringContaining('ENOENT') }] },
  });
  world.files['/run/operator-token'] = letters('o');
  expect(reload.reload('file')).toMatchObject({ outcome: 'applied', changed: ['GUESTPASS_CLIENT_SECRET'] });
});

test('operators come, go and change their roles while it runs', () => {
  const ana = { name: 'ana', role: 'auditor', tokenSha256: 'a'.repeat(64) };
  const { world, reload } = setUp();
  world.files['/run/operators.json'] = JSON.stringify([ana]);
  const named = { GUESTPASS_OPERATORS_FILE: '/run/operators.json' };
  Object.assign(world.variables, named);
  // A file that was not there at the start waits for the next one, as every setting that is added does.
  expect(reload.reload('file')).toMatchObject({ changed: [], restart: ['GUESTPASS_OPERATORS_FILE'] });

  const other = setUp();
  other.world.files['/run/operators.json'] = JSON.stringify([ana]);
  Object.assign(other.world.variables, named);
  const running = createConfigReload({ config: other.read(), read: other.read });
  expect(running.files).toContain('/run/operators.json');
  const people = [
    { ...ana, role: 'viewer' },
    { ...ana, name: 'ben', tokenSha256: 'b'.repeat(64) },
  ];
  other.world.files['/run/operators.json'] = JSON.stringify(people);
  expect(running.reload('file')).toMatchObject({ outcome: 'applied', changed: ['GUESTPASS_OPERATORS_FILE'] });
  expect(running.config.operator.people).toEqual(people);
  expect(running.reload('file')).toMatchObject({ outcome: 'unchanged' });
  other.world.files['/run/operators.json'] = '[{"name":"canary name"}]';
  expect(running.reload('file')).toMatchObject({ outcome: 'refused' });
  expect(running.config.operator.people).toEqual(people);
});

test('of the provider of operators the secret changes alone, and for what is in force', () => {
  const { world, reload } = setUp({
    GUESTPASS_OPERATOR_OIDC_ISSUER: 'https://id.example',
    GUESTPASS_OPERATOR_OIDC_CLIENT_ID: 'gateway',
    GUESTPASS_OPERATOR_OIDC_CLIENT_SECRET: 'secret-1',
    GUESTPASS_OPERATOR_OIDC_ROLES: 'ops=viewer',
  });
  world.variables.GUESTPASS_OPERATOR_OIDC_CLIENT_SECRET = 'secret-2';
  world.variables.GUESTPASS_OPERATOR_OIDC_ROLES = 'ops=admin';
  expect(reload.reload('file')).toMatchObject({
    changed: ['GUESTPASS_OPERATOR_OIDC_CLIENT_SECRET'],
    restart: ['GUESTPASS_OPERATOR_OIDC_ROLES'],
  });
  expect(reload.config.operator.signIn).toMatchObject({ clientSecret: 'secret-2', roles: [{ role: 'viewer' }] });
  world.variables.GUESTPASS_OPERATOR_OIDC_ISSUER = 'https://other.example';
  world.variables.GUESTPASS_OPERATOR_OIDC_CLIENT_SECRET = 'secret-3';
  expect(reload.reload('file')).toMatchObject({ changed: [] });
  expect(reload.config.operator.signIn?.clientSecret).toBe('secret-2');
});

test('what could not be started with is refused too', () => {
  const { world, reload } = setUp();
  world.files['/run/client-secret'] = 'secret-2';
  world.fault = new Error('unfit');
  expect(reload.reload('signal')).toEqual({ outcome: 'refused', cause: 'signal', error: world.fault });
  expect(reload.config.platform.clientSecret).toBe('secret-1');
});

test('what is bound to the start is named at each reload, and left as it is', () => {
  const pem = () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const { world, reload } = setUp({ GUESTPASS_AUDIT_CHECKPOINT_KEY: pem() });
  const { masterKey, checkpoints, listen } = reload.config;
  Object.assign(world.variables, {
    GUESTPASS_MASTER_KEY: keyOf(8),
    GUESTPASS_AUDIT_CHECKPOINT_KEY: pem(),
    GUESTPASS_PORT: '4100',
    GUESTPASS_RETRIES: '2',
  });
  const restart = ['GUESTPASS_RETRIES', 'GUESTPASS_PORT', 'GUESTPASS_MASTER_KEY', 'GUESTPASS_AUDIT_CHECKPOINT_KEY'];
  expect(reload.reload('signal')).toEqual({ outcome: 'unchanged', cause: 'signal', changed: [], restart });
  world.files['/run/client-secret'] = 'secret-2';
  expect(reload.reload('file')).toMatchObject({ changed: ['GUESTPASS_CLIENT_SECRET'], restart });
  expect(reload.config).toMatchObject({ listen, platform: { clientSecret: 'secret-2' } });
  expect([reload.config.masterKey, reload.config.checkpoints]).toEqual([masterKey, checkpoints]);
});

test('a secret waits for the start with what it is for', () => {
  const { world, reload } = setUp();
  world.files['/run/client-secret'] = 'secret-2';
  Object.assign(world.variables, {
    GUESTPASS_ENVIRONMENT: 'http://127.0.0.1:4999',
    GUESTPASS_WEBHOOK_URL: 'https://idp.example/other',
    GUESTPASS_WEBHOOK_SECRET: generateWebhookSecret(),
    GUESTPASS_DATABASE_URL: 'postgres://guestpass:two@other.example:5432/guestpass',
  });
  expect(reload.reload('signal')).toMatchObject({
    outcome: 'unchanged',
    restart: [
      'GUESTPASS_ENVIRONMENT',
      'GUESTPASS_CLIENT_SECRET',
      'GUESTPASS_DATABASE_URL',
      'GUESTPASS_WEBHOOK_URL',
      'GUESTPASS_WEBHOOK_SECRET',
    ],
  });
  expect(reload.config).toMatchObject({
    platform: { clientSecret: 'secret-1' },
    webhook: { secret: webhookSecret },
    storage: { url: 'postgres://guestpass:one@db.example:5432/guestpass' },
  });
});

test('a secret that is added or taken away waits for the start', () => {
  const { world, reload } = setUp();
  Object.assign(world.variables, { GUESTPASS_HCAPTCHA_SECRET: letters('h'), GUESTPASS_RECAPTCHA_SECRET: undefined });
  expect(reload.reload('signal')).toMatchObject({
    outcome: 'unchanged',
    restart: ['GUESTPASS_RECAPTCHA_SECRET', 'GUESTPASS_HCAPTCHA_SECRET'],
  });
  expect(reload.config.captcha).toMatchObject({ recaptchaSecret: letters('r'), hcaptchaSecret: undefined });
});

test('the files that are read are those named last', () => {
  const { world, reload } = setUp();
  expect(reload.files).toEqual(['/run/operator-token', '/run/client-secret']);
  world.variables.GUESTPASS_CLIENT_SECRET_FILE = '/run/moved';
  expect(reload.reload('signal')).toMatchObject({ outcome: 'refused' });
  expect(reload.files).toEqual(['/run/operator-token', '/run/client-secret']);
  world.files['/run/moved'] = 'secret-1';
  expect(reload.reload('signal')).toMatchObject({ outcome: 'unchanged', restart: [] });
  expect(reload.files).toEqual(['/run/operator-token', '/run/moved']);
});

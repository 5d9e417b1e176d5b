import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ConfigurationView } from '../../openapi/configuration.ts';
import { readGatewayConfig } from '../../settings/config.ts';
import { noon } from '../../testing/guests.ts';
import { openOperators } from '../../testing/operators.ts';

const secrets = {
  GENESYS_CLIENT_SECRET: 'a-client-secret-nobody-may-see',
  GUESTPASS_OPERATOR_TOKEN: 'an-operator-token-nobody-may-see-either',
  GUESTPASS_DATABASE_URL: 'postgres://user:password-of-the-database@db.example/guestpass',
};
const masterKey = randomBytes(32).toString('base64');

const { settings } = readGatewayConfig(
  {
    ...secrets,
    GENESYS_ENV: 'usw2.mygenesys.com',
    GUESTPASS_CLIENT_ID: 'client',
    GUESTPASS_MASTER_KEY_FILE: '/run/secrets/master',
    GUESTPASS_ALLOWED_CHANNELS: 'web,shop',
  },
  { readFile: () => masterKey },
);

test('each setting in force is told with its origin, and no secret is', async () => {
  await using operators = await openOperators({
    configuration: { version: '1.2.3', startedMs: noon, settings: () => settings },
  });
  const { body } = await operators.ask<ConfigurationView>('GET /v1/configuration');
  expect(body).toMatchObject({ version: '1.2.3', node: process.versions.node, startedAt: '2024-01-15T10:30:00.000Z' });
  const told = new Map(body.settings.map((setting) => [setting.name, setting]));
  expect(told.get('GUESTPASS_ENVIRONMENT')).toMatchObject({ value: 'usw2.mygenesys.com', origin: 'GENESYS_ENV' });
  expect(told.get('GUESTPASS_ALLOWED_CHANNELS')).toMatchObject({ value: 'web,shop' });
  expect(told.get('GUESTPASS_PORT')).toEqual({
    name: 'GUESTPASS_PORT',
    value: null,
    origin: null,
    secret: false,
    fallback: '4000',
  });
  expect(told.get('GUESTPASS_CLIENT_SECRET')).toMatchObject({ value: null, origin: 'GENESYS_CLIENT_SECRET' });
  expect(told.get('GUESTPASS_MASTER_KEY')).toMatchObject({ value: null, origin: 'GUESTPASS_MASTER_KEY_FILE' });
  const text = JSON.stringify(body);
  for (const secret of [...Object.values(secrets), masterKey]) expect(text).not.toContain(secret);
});

test('both know of one setting, which is told once, as the gateway reads it', () => {
  const policies = settings.filter(({ name }) => name === 'GUESTPASS_CAPTCHA_POLICY');
  expect(policies).toMatchObject([{ fallback: 'verified' }]);
});

test('what goes with the target is told as a default', () => {
  const simulated = readGatewayConfig({ GUESTPASS_TARGET: 'simulator' }, { readFile: () => '' });
  const environment = simulated.settings.find(({ name }) => name === 'GUESTPASS_ENVIRONMENT');
  expect(environment).toMatchObject({ value: null, origin: 'default' });
});

test('without a configuration there is nothing at the address', async () => {
  await using operators = await openOperators();
  expect((await operators.ask('GET /v1/configuration')).status).toBe(404);
});

import { generateWebhookSecret } from 'guestpass/webhook';
import { expect, test } from 'vitest';
import { readGatewayConfig } from './config.ts';
import { secretsOf } from './log-secrets.ts';

test('every secret that is text is one the log must not write, the password of the database as written and as it is', () => {
  const secret = generateWebhookSecret();
  const config = readGatewayConfig(
    {
      GUESTPASS_TARGET: 'simulator',
      GUESTPASS_CLIENT_SECRET: 'client-secret',
      GUESTPASS_OPERATOR_TOKEN: 'operator-token-0123456789-0123456789',
      GUESTPASS_ALTCHA_SECRET: 'altcha-secret-0123456789-0123456789',
      GUESTPASS_RECAPTCHA_SECRET: 'recaptcha-secret',
      GUESTPASS_HCAPTCHA_SECRET: 'hcaptcha-secret-0123',
      GUESTPASS_TURNSTILE_SECRET: 'turnstile-secret-0123',
      GUESTPASS_WEBHOOK_URL: 'https://idp.example/hook',
      GUESTPASS_WEBHOOK_SECRET: secret,
      GUESTPASS_DATABASE_URL: 'postgres://guestpass:p%40ssword@db.example/guestpass',
      GUESTPASS_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    },
    { readFile: () => expect.unreachable('no file is named') },
  );
  expect([...secretsOf(config)].sort()).toEqual(
    [
      'client-secret',
      'operator-token-0123456789-0123456789',
      'altcha-secret-0123456789-0123456789',
      'recaptcha-secret',
      'hcaptcha-secret-0123',
      'turnstile-secret-0123',
      secret,
      'p%40ssword',
      'p@ssword',
    ].sort(),
  );
});

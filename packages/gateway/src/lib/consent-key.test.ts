import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configuredConsent } from './consent-key.ts';
import { readGatewayConfig } from './settings/config.ts';
import { notice } from './testing/consent.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guestpass-consent-'));
});

afterEach(() => rm(directory, { recursive: true }));

const configOf = (variables: Readonly<Record<string, string>> = {}) =>
  readGatewayConfig(
    {
      GUESTPASS_TARGET: 'simulator',
      GUESTPASS_DATABASE_DIRECTORY: join(directory, 'postgres'),
      GUESTPASS_CONSENT_NOTICES: '/etc/notices.json',
      ...variables,
    },
    { readFile: () => JSON.stringify([notice]) },
  );

test('a key of its own is made beside the master key, for its owner alone, and is the same at the next start', async () => {
  const first = await configuredConsent(configOf());
  const again = await configuredConsent(configOf());
  expect(first && again?.key.equals(first.key)).toBe(true);
  expect((await stat(join(directory, 'consent-key.pem'))).mode & 0o777).toBe(0o600);
  expect(first?.notices).toMatchObject([{ id: notice.id, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
});

test('a key that is configured is used, without notices too; with neither there is nothing', async () => {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const config = configOf({ GUESTPASS_CONSENT_KEY: pem, GUESTPASS_CONSENT_NOTICES: '' });
  const consent = await configuredConsent(config);
  expect(consent?.notices).toEqual([]);
  expect(consent?.key.export({ type: 'pkcs8', format: 'pem' })).toBe(pem);
  expect(await configuredConsent(configOf({ GUESTPASS_CONSENT_NOTICES: '' }))).toBeUndefined();
  await expect(stat(join(directory, 'consent-key.pem'))).rejects.toMatchObject({ code: 'ENOENT' });
});

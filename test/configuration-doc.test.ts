import { readFileSync } from 'node:fs';
import { gatewaySettings, readGatewayConfig } from '@guestpass/gateway/config';
import { configSettings, readConfig, type Setting } from 'guestpass';
import { expect, test } from 'vitest';
import { configurationPage, renderConfiguration } from '../scripts/generate-configuration.ts';

const readFile = () => 'from a file\n';

test('docs/configuration.md is what `npm run docs` writes today', () => {
  expect(readFileSync(configurationPage, 'utf8')).toBe(renderConfiguration());
});

test('every setting of the SDK and of the gateway stands on the page with its other names, once in its table', () => {
  const rows = readFileSync(configurationPage, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const settings: Setting[] = [...Object.values(configSettings), ...Object.values<Setting>(gatewaySettings)];
  expect(rows.map((row) => row.split('`')[1])).toEqual(settings.map(({ name }) => name));
  const others = settings.flatMap(({ name, aliases, secret }) => [...aliases, ...(secret ? [`${name}_FILE`] : [])]);
  const lastCells = rows.map((row) => row.split(' | ').at(-1) ?? '');
  expect(others.filter((other) => lastCells.filter((cell) => cell.includes(`\`${other}\``)).length === 1)).toEqual(
    others,
  );
});

test('what the page says of the gateway holds: its own captcha policy, fresh consent, files of secrets', () => {
  const base = { GUESTPASS_TARGET: 'simulator', GUESTPASS_OPERATOR_TOKEN_FILE: '/run/token' };
  const { platform, operator } = readGatewayConfig(base, { readFile: () => `${'abcdefgh'.repeat(4)}\n` });
  expect(platform.policy).toMatchObject({
    captcha: { mode: 'verified' },
    consent: { maxAgeMs: 900_000, maxSkewMs: 60_000 },
  });
  expect(operator.token).toBe('abcdefgh'.repeat(4));
  expect(() => readGatewayConfig({ ...base, GUESTPASS_OPERATOR_TOKEN: 'abcdefgh'.repeat(4) }, { readFile })).toThrow(
    'is set together with GUESTPASS_OPERATOR_TOKEN_FILE',
  );
});

test('what the page says of precedence, files and emptiness holds', () => {
  const base = { GUESTPASS_ENVIRONMENT: 'usw2', GUESTPASS_CLIENT_ID: 'own', GENESYS_CLIENT_ID: 'alias' };
  const config = readConfig(
    { ...base, GUESTPASS_CLIENT_SECRET_FILE: '/run/secret', GUESTPASS_SCOPE: '' },
    { readFile },
  );
  expect(config.options).toMatchObject({ clientId: 'own', clientSecret: 'from a file', scope: '' });
  expect(() => readConfig({ GENESYS_CLIENT_ID: 'alias', GENESYS_CLIENT_SECRET: 'alias' }, { readFile })).toThrow(
    expect.objectContaining({ code: 'config_invalid' }),
  );
  expect(() => readConfig({ ...base, GUESTPASS_CLIENT_SECRET: 's', GUESTPASS_RETRY: '3' }, { readFile })).toThrow(
    'did you mean GUESTPASS_RETRIES',
  );
});

import { readFileSync } from 'node:fs';
import { configSettings, readConfig, type Setting } from 'guestpass';
import { expect, test } from 'vitest';
import { configurationPage, renderConfiguration } from '../scripts/generate-configuration.ts';

const readFile = () => 'from a file\n';

test('docs/configuration.md is what `npm run docs` writes today', () => {
  expect(readFileSync(configurationPage, 'utf8')).toBe(renderConfiguration());
});

test('every setting and every other name of it stands on the page, once in the table', () => {
  const rows = readFileSync(configurationPage, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const settings: Setting[] = Object.values(configSettings);
  expect(rows.map((row) => row.split('`')[1])).toEqual(settings.map(({ name }) => name));
  const others = settings.flatMap(({ aliases }) => aliases);
  expect(others.filter((other) => rows.filter((row) => row.includes(`\`${other}\``)).length === 1)).toEqual(others);
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

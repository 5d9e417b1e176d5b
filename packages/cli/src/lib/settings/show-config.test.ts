import { expect, test } from 'vitest';
import { play } from '../testing/play.ts';

const secret = '0123456789abcdef0123456789abcdef';

test('each setting is shown with its origin, and of the secret no character', async () => {
  const { code, out, err } = await play(['config', 'show'], {
    env: { GENESYS_ENV: 'usw2', GUESTPASS_CLIENT_SECRET: secret, GUESTPASS_ALLOWED_CHANNELS: 'demo,web' },
    files: { '.env': 'GUESTPASS_CLIENT_ID=id\nGENESYS_ENV=mypurecloud.ie\n' },
  });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/GUESTPASS_ENVIRONMENT +https:\/\/login.usw2.pure.cloud and .*\(GENESYS_ENV\)/);
  expect(out).toMatch(/GUESTPASS_CLIENT_ID +id {3}\(GUESTPASS_CLIENT_ID in .env\)/);
  expect(out).toMatch(/GUESTPASS_CLIENT_SECRET +\*\*\* sha256:3eb1bd43 {3}\(GUESTPASS_CLIENT_SECRET\)/);
  expect(out).toMatch(/GUESTPASS_ALLOWED_CHANNELS +demo, web /);
  expect(out).toMatch(/GUESTPASS_RETRIES +3 {3}\(not set\)/);
  expect(out).toMatch(/GUESTPASS_CAPTCHA_POLICY +verified, and optional for the command line {3}\(not set\)/);
  expect(out).not.toContain(secret);
});

test('as JSON it is one document', async () => {
  const { out } = await play(['config', 'show', '--json'], { env: { GUESTPASS_TARGET: 'simulator' } });
  expect(JSON.parse(out)).toContainEqual({
    name: 'GUESTPASS_ENVIRONMENT',
    value: 'http://127.0.0.1:4010',
    origin: 'default',
  });
});

test('fields of it may be asked for alone', async () => {
  const { out } = await play(['config', 'show', '--fields', 'name,origin'], { env: { GUESTPASS_TARGET: 'simulator' } });
  expect(JSON.parse(out)).toContainEqual({ name: 'GUESTPASS_TARGET', origin: 'GUESTPASS_TARGET' });
});

test('settings of the gateway are shown too, as they were written, and no secret with them', async () => {
  const key = Buffer.alloc(32, 7).toString('base64');
  const { code, out } = await play(['config', 'show'], {
    env: {
      GUESTPASS_TARGET: 'simulator',
      GUESTPASS_ALLOWED_ORIGINS: 'demo=https://shop.example',
      GUESTPASS_MASTER_KEY: key,
      GUESTPASS_OPERATOR_TOKEN: secret,
      GUESTPASS_CAPTCHA_POLICY: 'verified',
    },
    files: { '.env': 'PORT=4100\n' },
  });
  expect(code).toBe(0);
  expect(out).toMatch(/GUESTPASS_PORT +4100 {3}\(PORT in .env\)/);
  expect(out).toMatch(/GUESTPASS_ALLOWED_ORIGINS +demo=https:\/\/shop.example {3}\(GUESTPASS_ALLOWED_ORIGINS\)/);
  expect(out).toMatch(/GUESTPASS_MASTER_KEY +\*\*\* sha256:[0-9a-f]{8} {3}\(GUESTPASS_MASTER_KEY\)/);
  expect(out).toMatch(/GUESTPASS_OPERATOR_TOKEN +\*\*\* sha256:3eb1bd43 /);
  expect(out).toMatch(/GUESTPASS_OPERATOR_PORT +4001 {3}\(not set\)/);
  expect(out.match(/GUESTPASS_CAPTCHA_POLICY .*/g)).toEqual([expect.stringContaining('verified')]);
  expect(out).not.toContain(key);
  expect(out).not.toContain(secret);
});

test('every fault is told at once, with where it was set', async () => {
  const { code, out, err } = await play(['config', 'show'], {
    env: { GUESTPASS_RETRIES: 'many' },
    files: { '.env': 'GUESTPASS_ENVIRONMENT=usw3\nGUESTPASS_RETRYS=1\n' },
  });
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('GUESTPASS_RETRIES  must be a whole number');
  expect(err).toMatch(/GUESTPASS_ENVIRONMENT {2}.*Did you mean usw2\?.*\(set by GUESTPASS_ENVIRONMENT in .env\)/);
  expect(err).toContain('did you mean GUESTPASS_RETRIES?');
});

test('faults as JSON are one document too', async () => {
  const { code, out } = await play(['config', 'show', '--json']);
  expect(code).toBe(2);
  expect(JSON.parse(out)).toMatchObject({
    error: { code: 'config_invalid', errors: [{ pointer: '/GUESTPASS_ENVIRONMENT' }] },
  });
});

test('a .env that cannot be read stops everything', async () => {
  const files = {
    get '.env'(): string {
      throw Object.assign(new Error('denied'), { code: 'EACCES' });
    },
  };
  expect(await play(['config', 'show'], { files })).toMatchObject({
    code: 2,
    err: expect.stringContaining('(EACCES)'),
  });
});

test('a secret in a file is shown like one in a variable, without the line break behind it', async () => {
  const env = { GUESTPASS_TARGET: 'simulator' };
  const shown = async (more: Readonly<Record<string, string>>) => {
    const { out } = await play(['config', 'show', '--json'], {
      env: { ...env, ...more },
      files: { 't.txt': `${secret}\n` },
    });
    return JSON.parse(out).find(({ name }: { name: string }) => name === 'GUESTPASS_OPERATOR_TOKEN').value;
  };
  const [written, inFile] = [
    await shown({ GUESTPASS_OPERATOR_TOKEN: secret }),
    await shown({ GUESTPASS_OPERATOR_TOKEN_FILE: 't.txt' }),
  ];
  expect(inFile).toBe(written);
  expect(inFile).toMatch(/^\*\*\* sha256:[0-9a-f]{8}$/);
});

import { expect, test } from 'vitest';
import { type Props, play } from '../testing/play.ts';

const ofGc = '/home/u/.gc/config.toml';
const own = '/home/u/.config/guestpass/config.toml';
const secret = 'the-secret-of-a-profile';

/** As `gc` writes it. */
const gcFile = `[default]
  access_token = ""
  client_credentials = "id-of-default"
  client_secret = "${secret}"
  environment = "mypurecloud.ie"
  grant_type = "1"
  oauth_token_data = "{\\"accessToken\\":\\"a-token\\"}"

[person]
  client_credentials = "id-of-a-person"
  environment = "me_central_1"
  grant_type = "3"
`;

interface World extends Pick<Props, 'env'> {
  readonly ownFile?: string;
  readonly dotEnv?: string;
  readonly isOpen?: boolean;
}

/** Runs a command where `gc` has been used. */
const run = (argv: readonly string[], { env, ownFile, dotEnv, isOpen = false }: World = {}) =>
  play(argv, {
    env: { HOME: '/home/u', ...env },
    files: { [ofGc]: gcFile, ...(ownFile && { [own]: ownFile }), ...(dotEnv && { '.env': dotEnv }) },
    isOpenToOthers: () => isOpen,
  });

const guest = ['auth', '--channel', 'web', '--consent', '--dry-run'];

test('a profile of gc says where the guest goes and as whom, and its secret is never shown', async () => {
  const { code, out, err } = await run([...guest, '--profile', 'DEFAULT']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('https://api.mypurecloud.ie/');
  const shown = await run(['config', 'show', '--profile', 'default']);
  expect(shown.out).toMatch(/GUESTPASS_CLIENT_ID +id-of-default {3}\(profile default in ~\/\.gc\/config\.toml\)/);
  expect(shown.out).toMatch(/GUESTPASS_CLIENT_SECRET +\*\*\* sha256:\w{8} {3}\(profile default in /);
  expect(shown.out).not.toContain(secret);
});

test('without its name no profile is used', async () => {
  expect(await run(guest)).toMatchObject({
    code: 2,
    err: expect.stringContaining('GUESTPASS_ENVIRONMENT  is not set'),
  });
});

test('flags, environment and .env win over a profile, under whichever name', async () => {
  const world = {
    env: { GUESTPASS_PROFILE: 'default', GENESYS_CLIENT_ID: 'id-of-env' },
    dotEnv: 'GUESTPASS_CHANNEL_ID=of-dotenv\n',
    ownFile: '[Default]\nGUESTPASS_CHANNEL_ID = "of-profile"\nGUESTPASS_RETRIES = 7\n',
  };
  const { out } = await run(['config', 'show', '--json'], world);
  const settings: readonly { name: string; value: string; origin: string }[] = JSON.parse(out);
  const of = (wanted: string) => settings.find(({ name }) => name === wanted);
  expect(of('GUESTPASS_CLIENT_ID')).toMatchObject({ value: 'id-of-env', origin: 'GENESYS_CLIENT_ID' });
  expect(of('GUESTPASS_CHANNEL_ID')).toMatchObject({ value: 'of-dotenv', origin: 'GUESTPASS_CHANNEL_ID in .env' });
  expect(of('GUESTPASS_RETRIES')).toMatchObject({
    value: '7',
    origin: `profile Default in ~/.config/guestpass/config.toml`,
  });
  expect(of('GUESTPASS_ENVIRONMENT')).toMatchObject({ origin: 'profile default in ~/.gc/config.toml' });
});

test('settings of the gateway may stand in a profile too', async () => {
  const ownFile = `[local]\nGUESTPASS_TARGET = "simulator"\nGUESTPASS_OPERATOR_TOKEN = "${'abcdefgh'.repeat(4)}"\n`;
  const { out } = await run(['config', 'show', '--profile', 'local'], { ownFile });
  expect(out).toMatch(/GUESTPASS_OPERATOR_TOKEN +\*\*\* sha256:\w{8} {3}\(profile local in /);
});

test.each([
  [{ dotEnv: 'GUESTPASS_ENVIRONMENT=https://evil.example\n' }, 'GUESTPASS_ENVIRONMENT in .env'],
  [{ env: { GENESYSCLOUD_REGION: 'usw2' } }, 'GENESYSCLOUD_REGION'],
])('the secret of a profile is sent nowhere but to its own environment: %j', async (world, source) => {
  const { code, err } = await run([...guest, '--profile', 'default'], world);
  expect(code).toBe(2);
  expect(err).toContain(
    `is set by ${source}, and the secret of profile default goes to the environment of that profile`,
  );
  expect(err).not.toContain(secret);
});

test('another client with a secret of its own goes where it is told to', async () => {
  const env = { GUESTPASS_ENVIRONMENT: 'usw2', GUESTPASS_CLIENT_ID: 'id', GUESTPASS_CLIENT_SECRET: 'other' };
  expect((await run([...guest, '--profile', 'default'], { env })).out).toContain('https://api.usw2.pure.cloud/');
});

test('a profile that signs a person in has an environment, and no client', async () => {
  const { code, err } = await run([...guest, '--profile', 'person']);
  expect(code).toBe(2);
  expect(err).toMatch(/GUESTPASS_CLIENT_SECRET {2}is not set.* a client of the grant Client Credentials is needed\)/);
  const messaging = await run([...guest, '--profile', 'person', '--issuer', 'web-messaging']);
  expect(messaging.out).toContain('wss://webmessaging.mec1.pure.cloud/v1');
});

test('profiles are listed with what they hold, but for secrets', async () => {
  const { code, out, err } = await run(['profiles'], { ownFile: '[DEFAULT]\nGUESTPASS_CHANNEL_ID = "web"\n' });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toBe(
    '  DEFAULT  mypurecloud.ie, client id-of-default   (~/.config/guestpass/config.toml and ~/.gc/config.toml)\n' +
      '  person   me-central-1, no client   (~/.gc/config.toml)\n',
  );
  const json = await run(['profiles', '--json']);
  expect(JSON.parse(json.out)[0]).toEqual({
    name: 'default',
    environment: 'mypurecloud.ie',
    clientId: 'id-of-default',
    hasSecret: true,
    files: ['~/.gc/config.toml'],
  });
});

test('a file with secrets that others can read is warned about, unless quiet is wanted', async () => {
  const argv = [...guest, '--profile', 'default'];
  expect(await run(argv, { isOpen: true })).toMatchObject({
    code: 0,
    err: '! ~/.gc/config.toml holds a secret that others on this machine can read: chmod 600 ~/.gc/config.toml\n',
  });
  expect((await run([...argv, '-q'], { isOpen: true })).err).toBe('');
  expect((await run(['profiles'], { isOpen: true })).err).toMatch(/^! ~\/\.gc\/config\.toml .*\n$/);
});

test.each([
  [['--profile', 'defualt'], {}, 'did you mean default?'],
  [['--profile', 'x'], {}, 'There are: default, person.'],
  [[], { env: { GUESTPASS_PROFILE: 'x', HOME: '' } }, 'there is no HOME to find it in'],
  [['--profile', 'a'], { ownFile: '[a]\nGUESTPASS_RETRYS = 1\n' }, 'GUESTPASS_RETRYS is no setting; did you mean'],
  [['--profile', 'a'], { ownFile: '[a]\nx = \n' }, 'config.toml  is not understood at line 2'],
])('a profile that cannot be used is told with what to do: %j', async (flags, world, told) => {
  const { code, out, err } = await run([...guest, ...flags], world);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(told);
});

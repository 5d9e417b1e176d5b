import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GuestpassError } from 'guestpass';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createEvents } from './events.ts';
import { createConfigReload } from './reload/config-reload.ts';
import { openReloads } from './reloads.ts';
import { startService } from './service.ts';
import { type GatewayConfig, readGatewayConfig } from './settings/config.ts';
import { noon } from './testing/guests.ts';
import { testDatabase } from './testing/postgres.ts';
import { createLog } from './watch/log.ts';
import { createMetrics } from './watch/metrics/metrics.ts';

/** A gateway that is told what to read, by hand. */
function setUp() {
  const clock = manualClock(noon);
  const lines: string[] = [];
  const metrics = createMetrics({ version: '1.0.0' });
  const events = createEvents({ remember: (event: string) => event });
  const people = `[{"name":"ana","role":"admin","tokenSha256":"${'a'.repeat(64)}"}]`;
  const world = { variables: { GUESTPASS_TARGET: 'simulator' } as Record<string, string>, people, fault: false };
  const read = (): GatewayConfig => {
    if (world.fault) throw new GuestpassError('config_invalid', 'The configuration is not usable.');
    return readGatewayConfig(world.variables, { readFile: () => world.people });
  };
  Object.assign(world.variables, {
    GUESTPASS_CLIENT_SECRET: 'canary-one',
    GUESTPASS_OPERATOR_TOKEN: 'canary-token-one-0123456789-0123456789',
    GUESTPASS_OPERATORS_FILE: '/run/operators.json',
  });
  const recorded: unknown[] = [];
  const reloads = openReloads({
    live: createConfigReload({ config: read(), read }),
    source: undefined,
    log: createLog({ clock, write: (line) => lines.push(line) }),
    metrics,
    events,
    clock,
    attempts: { recordEvent: async (event) => void recorded.push(event) },
    endpoints: { ensure: () => expect.unreachable('there is no receiver') },
  });
  const told = () => lines.map((line) => JSON.parse(line)).map(({ time: _, ...line }) => line);
  return { clock, lines, told, metrics, events, world, reloads, recorded };
}

test('a reload is one line: what changed, what waits for the next start, or why nothing did', () => {
  const { told, world, reloads } = setUp();
  world.variables.GUESTPASS_CLIENT_SECRET = 'canary-two';
  world.variables.GUESTPASS_PORT = '4100';
  reloads.reload('file');
  world.fault = true;
  reloads.reload('signal');
  expect(told()).toEqual([
    {
      level: 'warn',
      cause: 'file',
      changed: ['GUESTPASS_CLIENT_SECRET'],
      restart: ['GUESTPASS_PORT'],
      msg: 'configuration reloaded',
    },
    {
      level: 'error',
      cause: 'signal',
      code: 'config_invalid',
      message: expect.stringContaining('The configuration is not usable.'),
      msg: 'configuration refused, the one before stays in force',
    },
  ]);
  expect(JSON.stringify(told())).not.toContain('canary');
});

test('files that are written again without a change make no noise; whoever asks is answered, and the end of a refusal is told', () => {
  const { told, world, reloads } = setUp();
  reloads.reload('file');
  reloads.reload('file');
  expect(told()).toEqual([]);
  reloads.reload('signal');
  expect(told()).toMatchObject([{ level: 'info', cause: 'signal', changed: [], restart: [] }]);
  world.fault = true;
  reloads.reload('file');
  world.fault = false;
  reloads.reload('file');
  reloads.reload('file');
  expect(told().slice(1)).toMatchObject([{ level: 'error' }, { level: 'info', cause: 'file', changed: [] }]);
});

test('metrics count reloads by how they ended, and say whether the last one was usable and when one last was', async () => {
  const { clock, world, reloads, metrics } = setUp();
  const value = async (name: string) => (await metrics.scrape()).body.split(`\n${name} `)[1]?.split('\n')[0];
  expect(await value('guestpass_config_last_reload_successful')).toBe('1');
  world.variables.GUESTPASS_CLIENT_SECRET = 'canary-two';
  reloads.reload('file');
  world.fault = true;
  await clock.advance(60_000);
  reloads.reload('file');
  expect(await value('guestpass_config_last_reload_successful')).toBe('0');
  expect(await value('guestpass_config_last_reload_success_timestamp_seconds')).toBe(String(noon / 1_000));
  expect(await value('guestpass_config_reloads_total{result="applied"}')).toBe('1');
  expect(await value('guestpass_config_reloads_total{result="refused"}')).toBe('1');
  expect(await value('guestpass_config_reloads_total{result="unchanged"}')).toBe('0');
});

test('streams end with the token they were opened by, and with nothing else; what changed is put on record', async () => {
  const { clock, world, reloads, events, recorded } = setUp();
  let ended = 0;
  events.subscribe({
    onEvent: () => {},
    onEnd: () => {
      ended += 1;
    },
  });
  world.variables.GUESTPASS_CLIENT_SECRET = 'canary-two';
  reloads.reload('file');
  expect(ended).toBe(0);
  world.variables.GUESTPASS_OPERATOR_TOKEN = 'canary-token-two-0123456789-0123456789';
  reloads.reload('file');
  expect(ended).toBe(1);
  world.people = world.people.replace('admin', 'viewer');
  events.subscribe({
    onEvent: () => {},
    onEnd: () => {
      ended += 1;
    },
  });
  reloads.reload('file');
  expect(ended).toBe(2);
  await clock.advance(0);
  expect(recorded).toMatchObject([
    { changed: ['GUESTPASS_CLIENT_SECRET'] },
    { changed: ['GUESTPASS_OPERATOR_TOKEN'] },
    { changed: ['GUESTPASS_OPERATORS_FILE'] },
  ]);
});

test('a gateway goes on with the new password of its database, and that is on record', async () => {
  await using database = await testDatabase();
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-reloads-'));
  const role = `rotated_${process.pid}`;
  const address = new URL(database.url);
  address.username = role;
  address.password = 'canary-password-one';
  await database.query(`create role ${role} superuser login password 'canary-password-one'`);
  const lines: string[] = [];
  const read = () =>
    readGatewayConfig(
      {
        GUESTPASS_TARGET: 'simulator',
        GUESTPASS_DATABASE_URL_FILE: '/run/database-url',
        GUESTPASS_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
        GUESTPASS_AUDIT_CHECKPOINT_FILE: join(directory, 'checkpoints.jsonl'),
        GUESTPASS_PORT: '0',
        GUESTPASS_OPERATOR_PORT: '0',
        // Nobody is turned away because other tests have the processors.
        GUESTPASS_MAX_EVENT_LOOP_DELAY_MS: '60000',
        GUESTPASS_DRAIN_DELAY_MS: '0',
      },
      { readFile: () => address.href },
    );
  {
    const source = { read, readFile: () => address.href };
    const write = (line: string) => void lines.push(line);
    await using service = await startService(read(), { version: '1.0.0', write, source });
    await database.query(`alter role ${role} password 'canary-password-two'`);
    const cut = () =>
      database.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = $1`, [role]);
    address.password = 'canary-password-two';
    expect(service.reload()).toMatchObject({ outcome: 'applied', changed: ['GUESTPASS_DATABASE_URL'] });
    await cut();
    const recorded = async () =>
      (await service.gateway.audit.page({ limit: 9 }).catch(() => [])).map((row) => row.event_type);
    await expect.poll(recorded, { timeout: 15_000 }).toEqual(['WEBMESSAGING_SECRETS_CHANGED']);
    const names = 'select distinct application_name as name from pg_stat_activity where usename = $1 order by name';
    // The queue of webhooks has connections of its own.
    await expect
      .poll(() => database.query(names, [role]), { timeout: 15_000 })
      .toEqual([{ name: 'guestpass' }, { name: 'guestpass-jobs' }]);
  }
  expect(lines.join('')).not.toContain('canary');
  await database.query(`reassign owned by ${role} to current_user`);
  await database.query(`drop role ${role}`);
  await rm(directory, { recursive: true });
}, 60_000);

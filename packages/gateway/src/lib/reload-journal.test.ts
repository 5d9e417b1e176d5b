import { GuestpassError } from 'guestpass';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import type { Reload } from './reload/config-reload.ts';
import { createReloadJournal } from './reload-journal.ts';
import { readGatewayConfig } from './settings/config.ts';
import { noon } from './testing/guests.ts';

const config = readGatewayConfig(
  {
    GUESTPASS_TARGET: 'simulator',
    GUESTPASS_WEBHOOK_URL: 'https://idp.example/hook',
    GUESTPASS_WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
  },
  { readFile: () => expect.unreachable('no file is named') },
);

const applied = (...changed: readonly string[]) =>
  ({ outcome: 'applied', cause: 'file', changed, restart: [] }) satisfies Reload;

/** A database that may be down. */
function setUp() {
  const clock = manualClock(noon);
  const state = { down: false, written: [] as unknown[], problems: 0 };
  const write = async (what: unknown) => {
    if (state.down) throw new GuestpassError('storage_unavailable', 'The database is down.');
    state.written.push(what);
  };
  const journal = createReloadJournal({
    attempts: { recordEvent: write },
    endpoints: { ensure: ({ url }) => write(url) },
    clock,
    onProblem: () => {
      state.problems += 1;
    },
  });
  return { clock, state, journal };
}

const event = (changed: readonly string[]) => ({
  eventType: 'WEBMESSAGING_SECRETS_CHANGED',
  cause: 'file',
  changed,
  timestamp: '2024-01-15T10:30:00.000Z',
});

test('the names of secrets that changed are put on record, and a receiver gets its new secret before', async () => {
  const { clock, state, journal } = setUp();
  journal.add(applied('GUESTPASS_CLIENT_SECRET'), config);
  journal.add(applied('GUESTPASS_WEBHOOK_SECRET'), config);
  await clock.advance(0);
  expect(state.written).toEqual([
    event(['GUESTPASS_CLIENT_SECRET']),
    'https://idp.example/hook',
    event(['GUESTPASS_WEBHOOK_SECRET']),
  ]);
  expect(clock.pending).toBe(0);
});

test('while the database is down nothing is forgotten, the trouble is told once, and the order stays', async () => {
  const { clock, state, journal } = setUp();
  state.down = true;
  journal.add(applied('GUESTPASS_DATABASE_URL'), config);
  await clock.advance(4_000);
  journal.add(applied('GUESTPASS_CLIENT_SECRET'), config);
  await clock.advance(16_000);
  expect([state.problems, state.written]).toEqual([1, []]);
  state.down = false;
  await clock.advance(5_000);
  expect(state.written).toMatchObject([
    event(['GUESTPASS_DATABASE_URL']),
    { changed: ['GUESTPASS_CLIENT_SECRET'], timestamp: '2024-01-15T10:30:04.000Z' },
  ]);
  expect(clock.pending).toBe(0);
});

test('after the end nothing is tried any more', async () => {
  const { clock, state, journal } = setUp();
  state.down = true;
  journal.add(applied('GUESTPASS_CLIENT_SECRET'), config);
  await clock.advance(1_000);
  journal[Symbol.dispose]();
  expect(clock.pending).toBe(0);
});

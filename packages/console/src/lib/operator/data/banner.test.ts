import { errorTable } from 'guestpass';
import { expect, test } from 'vitest';
import { bannerOf } from './banner.ts';
import type { Sample } from './samples.ts';
import { faultWords, whoseFault } from './whose-fault.ts';

const ready = { status: 'ready' } as const;
const window = '15 minutes';

function samples(count: number, change: Partial<Sample> = {}, fromMs = 0): Sample[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `att_${fromMs + index}`,
    atMs: fromMs + index,
    outcome: 'admitted',
    code: null,
    stage: null,
    durationMs: 10,
    stages: {},
    ...change,
  }));
}

const bannerFor = (known: readonly Sample[], samples: readonly Sample[] | null = known) =>
  bannerOf({ readiness: ready, samples, known, window });

const limited = { outcome: 'failed', code: 'rate_limited' } as const;

test('when nearly all get in, that is what it says', () => {
  const banner = bannerFor(samples(1_300));
  expect(banner).toMatchObject({
    tone: 'good',
    headline: 'Customers are getting in',
    detail: '100 % of 1,300 got in, in the last 15 minutes.',
  });
});

test('one failure in many is no trouble, and is not rounded away', () => {
  const all = [...samples(5_000), ...samples(1, limited, 5_000)];
  expect(bannerFor(all)).toMatchObject({
    tone: 'good',
    detail: '99.9 % of 5,001 got in, in the last 15 minutes.',
  });
});

test('when some fail it names the code, whose fault it is, and since when', () => {
  const all = [...samples(50), ...samples(5, limited, 50), ...samples(3, {}, 55)];
  expect(bannerFor(all)).toEqual({
    tone: 'warn',
    headline: 'Some customers cannot get in',
    detail: '91.3 % of 58 got in, in the last 15 minutes. The fault is at the platform, Genesys Cloud.',
    code: 'rate_limited',
    trouble: { fromMs: 50, mayBeOlder: false, lastMs: 54, isOver: false },
  });
});

test('trouble is told from its beginning, however short the window', () => {
  const all = [...samples(50), ...samples(30, limited, 50)];
  expect(bannerFor(all, all.slice(-10)).trouble).toMatchObject({ fromMs: 50, mayBeOlder: false });
});

test('once all get in again it says so, and from when to when some did not', () => {
  const all = [...samples(20), ...samples(10, limited, 20), ...samples(30, {}, 60_000)];
  expect(bannerFor(all)).toMatchObject({
    tone: 'good',
    headline: 'Customers are getting in again',
    detail: '83.3 % of 60 got in, in the last 15 minutes. The trouble is over: everybody has got in since.',
    code: 'rate_limited',
    trouble: { fromMs: 20, lastMs: 29, isOver: true },
  });
});

test('what kept guests out before does not lend its name to what does now', () => {
  const before = [...samples(100, limited), ...samples(30, {}, 70_000)];
  const all = [...before, ...samples(8, { outcome: 'failed', code: 'credentials_rejected' }, 80_000)];
  expect(bannerFor(all)).toMatchObject({
    headline: 'Customers cannot get in',
    detail: expect.stringContaining('our configuration'),
    code: 'credentials_rejected',
    trouble: { fromMs: 80_000 },
  });
});

test('an outage is told at once, while those who got in before are many still', () => {
  const all = [...samples(10_000), ...samples(20, limited, 10_000)];
  expect(bannerFor(all).headline).toBe('Customers cannot get in');
});

test('as long as attempts are being read, nobody says that there were none', () => {
  expect(bannerFor([], null)).toMatchObject({ tone: 'idle', headline: 'Looking …' });
});

test('when nobody has got in lately it says so', () => {
  const all = [...samples(100), ...samples(20, { outcome: 'failed', code: 'credentials_rejected' }, 100)];
  expect(bannerFor(all)).toMatchObject({
    tone: 'bad',
    headline: 'Customers cannot get in',
    detail: expect.stringContaining('our configuration'),
  });
});

test('visitors that policy refuses are not taken for a failing platform', () => {
  const all = [...samples(2), ...samples(9, { outcome: 'refused', code: 'consent_timestamp_stale' }, 2)];
  expect(bannerFor(all)).toMatchObject({
    tone: 'warn',
    headline: 'Most visitors are refused',
    detail: 'Policy refused 9 of 11. The fault is in the website that asks.',
  });
});

test('visitors that were refused since say nothing about whether others get in', () => {
  const refused = samples(30, { outcome: 'refused', code: 'consent_required' }, 52);
  const all = [...samples(45), ...samples(5, limited, 45), ...samples(2, {}, 50), ...refused];
  expect(bannerFor(all).headline).toBe('Some customers cannot get in');
});

test('nobody asking is no trouble', () => {
  expect(bannerFor([])).toMatchObject({
    tone: 'idle',
    detail: 'Everything here is ready. Nobody has asked in the last 15 minutes.',
  });
});

test('a gateway without its database lets nobody in, whatever went well before', () => {
  const checks = [{ name: 'database', ok: false, detail: 'The database does not answer.' }];
  const banner = bannerOf({ readiness: { status: 'not_ready', checks }, samples: samples(100), known: [], window });
  expect(banner).toMatchObject({
    tone: 'bad',
    headline: 'Customers cannot get in',
    detail: 'The database does not answer. The fault is ours, in this gateway.',
  });
});

test('a gateway that leaves is not a gateway that is broken', () => {
  const checks = [{ name: 'draining', ok: false, detail: 'The gateway is shutting down.' }];
  const banner = bannerOf({ readiness: { status: 'not_ready', checks }, samples: [], known: [], window });
  expect([banner.tone, banner.headline]).toEqual(['warn', 'This gateway is leaving']);
});

test('silence of the gateway is told as what it is', () => {
  expect(bannerOf({ readiness: null, samples: samples(9), known: [], window }).detail).toBe(
    'The gateway does not answer this page.',
  );
});

test('somebody is named for every code an attempt may end with', () => {
  const beforeAttempts = ['body_invalid', 'body_too_large', 'unsupported_media_type', 'origin_not_allowed'];
  const ofCallers = [
    'idempotency_key_invalid',
    'idempotency_key_reused',
    'idempotency_in_progress',
    'too_many_requests',
  ];
  const elsewhere = new Set([...beforeAttempts, ...ofCallers, 'overloaded', 'storage_unavailable']);
  const ofAttempts = Object.entries(errorTable).filter(
    ([code]) => !elsewhere.has(code) && !code.startsWith('session_'),
  );
  const unnamed = ofAttempts.map(([code]) => code).filter((code) => whoseFault(code) === 'gateway');
  expect(unnamed).toEqual([]);
  expect(faultWords(whoseFault('storage_unavailable'))).toContain('ours');
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRetryAfter } from './retry-after.ts';

const nowMs = Date.parse('2024-01-15T10:30:00Z');
const imf = (ms: number) => new Date(ms).toUTCString();
const parse = (value: string | undefined, dateHeader?: string) =>
  parseRetryAfter(value, { nowMs, ...(dateHeader !== undefined && { dateHeader }) });

test('plain seconds become milliseconds, blanks and tabs around them aside', () => {
  const table: [string, number][] = [
    ['120', 120_000],
    ['0', 0],
    [' 7 ', 7_000],
    ['\t7\t', 7_000],
    ['007', 7_000],
    ['2592000', 2_592_000_000],
    ['315360000', 315_360_000_000],
  ];
  for (const [value, delayMs] of table) expect(parse(value), value).toBe(delayMs);
});

test('a number beyond all bounds stays a delay, so that nobody repeats at once', () => {
  expect(parse('9'.repeat(400))).toBe(Number.MAX_SAFE_INTEGER);
});

test('everything that is neither plain seconds nor an HTTP date is ignored', () => {
  for (const value of [
    ...['-1', '-5', '1.5', '1e9', '0x10', '+5', '12abc', '１２', '1_000', '1, 2', '5\n', '\u00a05'],
    ...['NaN', 'Infinity', '', ' ', 'tomorrow', '2024-01-15T10:31:00Z', 'Jan 15 2024'],
    'Mon, 15 Jan 2024 10:30:30 UTC',
    'Mon, 15 Jan 2024 10:30:30 gmt',
    'mon, 15 jan 2024 10:30:30 GMT',
    'Mon, 15 Jan 2024 10:30:30 +0100',
    'Mon, 15 Jan 2024 24:00:00 GMT',
    'Mon, 15 Jan 2024 10:60:00 GMT',
    'Mon, 15 Jan 2024 10:30:61 GMT',
    'Mon, 32 Jan 2024 10:30:30 GMT',
    'Fri, 30 Feb 2024 10:30:30 GMT',
    'Mon, 15 Jan 0024 10:30:30 GMT',
    'Mon, 5 Jan 2024 10:30:30 GMT',
    'Mon, 15 Jan 2024 10:30:30 GMT, Mon, 15 Jan 2024 10:30:30 GMT',
  ]) {
    expect(parse(value), value).toBeUndefined();
  }
  expect(parse(undefined)).toBeUndefined();
});

test('each of the three HTTP dates is measured against now', () => {
  expect(parse('Mon, 15 Jan 2024 10:30:30 GMT')).toBe(30_000);
  expect(parse('Monday, 15-Jan-24 10:30:30 GMT')).toBe(30_000);
  expect(parse('Mon Jan 15 10:30:30 2024')).toBe(30_000);
  expect(parse('Thu Feb  1 10:30:00 2024')).toBe(17 * 86_400_000);
  expect(parse(' Mon, 15 Jan 2024 10:30:30 GMT\t')).toBe(30_000);
});

test('a date in the past asks for no delay', () => {
  expect(parse('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(0);
  expect(parse('Sunday, 06-Nov-94 08:49:37 GMT')).toBe(0);
  expect(parse('Sun Nov  6 08:49:37 1994')).toBe(0);
});

test('a leap second is a real instant', () => {
  expect(parse('Mon, 15 Jan 2024 10:30:60 GMT')).toBe(60_000);
});

test('a wrong clock of ours does not matter when the answer has its own Date', () => {
  const asked = imf(nowMs + 30_000);
  expect(parse(asked, imf(nowMs))).toBe(30_000);
  const tenMinutes = 600_000;
  expect(parse(imf(nowMs + tenMinutes + 30_000), imf(nowMs + tenMinutes))).toBe(30_000);
  expect(parse(imf(nowMs - tenMinutes + 30_000), imf(nowMs - tenMinutes))).toBe(30_000);
  expect(parse(asked, 'not a date')).toBe(30_000);
});

test('any text gives nothing or a safe whole number of milliseconds', () => {
  const sound = (delayMs: number | undefined) =>
    delayMs === undefined || (Number.isSafeInteger(delayMs) && delayMs >= 0 && !Object.is(delayMs, -0));
  const likely = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[ \t]*[0-9]{0,30}[ \t]*$/),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    fc.stringMatching(/^(Mon|Sun), [0-9]{2} (Jan|Feb|Dec) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/),
    fc.stringMatching(/^(Mon|Sun)day, [0-9]{2}-(Jan|Feb)-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/),
  );
  fc.assert(
    fc.property(likely, likely, fc.nat({ max: 2 ** 45 }), (value, dateHeader, now) =>
      sound(parseRetryAfter(value, { nowMs: now, dateHeader })),
    ),
    { numRuns: 2_000 },
  );
});

test('every date to the second is understood as it was written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50 * 365 * 86_400 }), (seconds) => {
      expect(parse(imf(nowMs + seconds * 1000))).toBe(seconds * 1000);
    }),
  );
});

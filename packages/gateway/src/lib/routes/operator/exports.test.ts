import { afterAll, beforeAll, expect, test } from 'vitest';
import { admitted, failed, newAttemptId, payload } from '../../testing/guests.ts';
import { type Operators, openOperators } from '../../testing/operators.ts';
import { exportRows } from './row-export.ts';

let operators: Operators;
let ids: readonly string[];

beforeAll(async () => {
  operators = await openOperators();
  const { guest, attempts, clock } = operators;
  const [entered, turned] = [await guest(admitted), await guest(failed)];
  await clock.advance(60_000);
  const formula = newAttemptId();
  await attempts.recordIntent({
    attemptId: formula,
    payload: { ...payload, channelId: '=HYPERLINK("https://evil.example","open")' },
    nowMs: clock.now(),
  });
  await clock.advance(60_000);
  ids = [entered, turned, formula];
});

afterAll(() => operators[Symbol.asyncDispose]());

const linesOf = async (query: string) => {
  const { body, headers } = await operators.ask<string>(`GET /v1/attempts/export${query}`);
  return { lines: String(body).trim().split(/\r?\n/), headers };
};

const last = async () => (await operators.actions()).at(-1);

test('attempts are exported as the list tells them, newest first, under the name of their range', async () => {
  const { lines, headers } = await linesOf('');
  const { body } = await operators.ask<{ data: unknown[] }>('GET /v1/attempts');
  expect(lines.map((line) => JSON.parse(line))).toEqual(body.data);
  expect(headers.get('content-type')).toBe('application/x-ndjson');
  expect(headers.get('content-disposition')).toBe(
    'attachment; filename="guestpass-attempts-until-20240115T103200Z.jsonl"',
  );
  expect(await last()).toMatchObject({
    eventType: 'OPERATOR_ATTEMPTS_EXPORT',
    format: 'jsonl',
    until: '2024-01-15T10:32:00.000Z',
  });
});

test('a table runs no formula that a website sent', async () => {
  const { lines, headers } = await linesOf('?format=csv&outcome=intent');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^id,outcome,channelId,/);
  expect(lines[1]).toContain(`${ids[2]},intent,"'=HYPERLINK(""https://evil.example"",""open"")",`);
  expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(headers.get('content-disposition')).toContain('-filtered.csv');
});

test('an export holds to filters and span, and the journal tells of a guest by the attempts', async () => {
  const guestId = `guest-of-${ids[0]}`;
  const { lines } = await linesOf(`?guest=${guestId}`);
  expect(lines.map((line) => JSON.parse(line).id)).toEqual([ids[0]]);
  const record = await last();
  expect(record).toMatchObject({ filter: { attemptIds: [ids[0]] } });
  expect(JSON.stringify(record)).not.toContain(guestId);

  const { lines: later, headers } = await linesOf('?since=2024-01-15T10:30:30Z&until=2024-01-15T10:31:30Z');
  expect(later.map((line) => JSON.parse(line).id)).toEqual([ids[2]]);
  expect(headers.get('content-disposition')).toContain('-20240115T103030Z-20240115T103130Z.jsonl');
  expect((await linesOf('?since=2030-01-01T00:00:00Z')).lines).toEqual(['']);
  expect((await operators.ask('GET /v1/attempts/export?since=yesterday')).body).toMatchObject({
    code: 'request_invalid',
  });
});

test('deliveries are exported too, and who asked is on record', async () => {
  const { body } = await operators.ask<string>('GET /v1/deliveries/export?format=csv&state=dead');
  expect(body).toMatch(/^id,eventId,eventType,attemptId,endpointId,state,tries,/);
  expect(await last()).toMatchObject({
    eventType: 'OPERATOR_DELIVERIES_EXPORT',
    format: 'csv',
    filter: { state: 'dead' },
  });
});

test('no more than a page of rows is held, and none is read before it is taken', async () => {
  const asked: (number | undefined)[] = [];
  const rows = exportRows({
    format: 'jsonl',
    columns: [],
    read: async ({ limit, after = 1_201 }) => {
      asked.push(after);
      return Array.from({ length: Math.min(limit, after - 1) }, (_, index) => ({ number: after - 1 - index }));
    },
    view: ({ number }) => ({ number }),
  });
  const first = await rows.next();
  expect(asked).toEqual([1_201]);
  const rest = await Array.fromAsync(rows);
  expect(asked).toEqual([1_201, 701, 201]);
  const text = [first.value, ...rest].join('');
  expect(text.split('\n').filter((line) => line !== '')).toHaveLength(1_200);
});

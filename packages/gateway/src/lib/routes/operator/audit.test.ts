import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AuditFault,
  type AuditProof,
  type ExportManifest,
  generateCheckpointKey,
  verifyAuditLog,
  verifyExports,
} from 'guestpass/audit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuditRecordView } from '../../openapi/audit.ts';
import { admitted, failed } from '../../testing/guests.ts';
import { type Operators, openOperators, operatorToken } from '../../testing/operators.ts';

/** An export, and the manifest that it says is its own. */
async function received(query: string) {
  const file = await operators.ask<string>(`GET /v1/audit/export?${query}`);
  const link = /^<(.+)>; rel="describedby"$/.exec(file.headers.get('link') ?? '')?.[1];
  const { body } = await operators.ask<ExportManifest>(`GET ${link}`);
  return { text: file.body, manifest: JSON.stringify(body) };
}

const lastOf = (manifest = '{}') => {
  const { to, lastHash } = JSON.parse(manifest);
  return { sequence: to, hash: lastHash };
};

interface Page {
  readonly data: readonly AuditRecordView[];
  readonly nextCursor: string | null;
}

let operators: Operators;
let found: (AuditProof | AuditFault)[];

beforeEach(async () => {
  found = [];
  operators = await openOperators({ onVerified: (one) => found.push(one) });
});

afterEach(() => operators[Symbol.asyncDispose]());

test('records come newest first with the guest that they hold sealed, and the reading is one of them', async () => {
  const attemptId = await operators.guest(admitted);
  await operators.guest(failed);
  const first = await operators.ask<Page>('GET /v1/audit?limit=2');
  expect(first.body.data.map(({ eventType }) => eventType)).toEqual([
    'OPERATOR_AUDIT_READ',
    'WEBMESSAGING_GUEST_FAILED',
  ]);
  const { data } = (await operators.ask<Page>(`GET /v1/audit?attempt=${attemptId}`)).body;
  expect(data.map(({ eventType, guestId }) => [eventType, guestId])).toEqual([
    ['WEBMESSAGING_GUEST_AUTHENTICATED', `guest-of-${attemptId}`],
    ['WEBMESSAGING_GUEST_REQUESTED', null],
  ]);
  expect(JSON.parse(data[0]?.line ?? '')).toMatchObject({ sequence: 2, hash: data[0]?.hash });
  expect(data[0]?.line).not.toContain(`guest-of-${attemptId}`);
  const rest = await operators.ask<Page>(`GET /v1/audit?after=${first.body.nextCursor}`);
  expect(rest.body.data.map(({ sequence }) => sequence)).toEqual([3, 2, 1]);
  const reads = await operators.ask<Page>('GET /v1/audit?type=OPERATOR_AUDIT_READ');
  expect(reads.body.data).toHaveLength(4);
});

test('the whole log is checked, the check is on record, and what it found is told', async () => {
  await operators.guest();
  const { body } = await operators.ask('POST /v1/audit/verifications');
  expect(body).toMatchObject({ ok: true, records: 3, head: { sequence: 3 }, durationMs: 0 });
  expect(found).toMatchObject([{ ok: true, records: 3 }]);
  expect(await operators.actions()).toMatchObject([{ eventType: 'OPERATOR_AUDIT_VERIFY', sequence: 3 }]);
});

test('a check against a head that was kept elsewhere finds a log that was rewritten', async () => {
  await operators.guest();
  const head = await operators.audit.head();
  const ask = (expectedHead: object) => operators.ask('POST /v1/audit/verifications', { body: { expectedHead } });
  expect((await ask(head)).body).toMatchObject({ ok: true });
  expect((await ask({ ...head, hash: 'f'.repeat(64) })).body).toMatchObject({
    ok: false,
    kind: 'rewritten',
    sequence: 2,
  });
  expect((await ask({ ...head, sequence: 99 })).body).toMatchObject({ ok: false, kind: 'truncated' });
  expect((await ask({ ...head, hash: 'F' })).status).toBe(422);
});

test('an edited record is named', async () => {
  await operators.guest();
  await operators.database.query('alter table guestpass.audit_records disable trigger audit_records_append_only');
  await operators.database.query(
    `update guestpass.audit_records set line = replace(line, 'channel-1', 'channel-2') where sequence = 2`,
  );
  const { status, body } = await operators.ask('POST /v1/audit/verifications');
  expect([status, body]).toMatchObject([200, { ok: false, sequence: 2, kind: 'edited' }]);
  expect(found).toMatchObject([{ ok: false, sequence: 2 }]);
});

test('a damaged record is named on its page, and the others are shown', async () => {
  const [first, second] = [await operators.guest(), await operators.guest()];
  await operators.database.query('alter table guestpass.audit_records disable trigger audit_records_append_only');
  const damage = async (sequence: number, line: string) =>
    await operators.database.query(`update guestpass.audit_records set line = ${line} where sequence = ${sequence}`);
  await damage(1, `'{'`);
  await damage(2, `replace(line, '"sealed":"', '"sealed":"x')`);
  await damage(3, `(select line from guestpass.audit_records where sequence = 4)`);
  const { status, body } = await operators.ask<Page>('GET /v1/audit?limit=4&after=5');
  expect(status).toBe(200);
  expect(body.data.map(({ sequence, guestId, damage: found }) => [sequence, guestId, found])).toEqual([
    [4, `guest-of-${second}`, null],
    [3, `guest-of-${second}`, 'does not agree with its own columns'],
    [2, null, 'does not match its own hash'],
    [1, null, 'is not a JSON object'],
  ]);
  expect(body.data[2]?.attemptId).toBe(first);
});

test('an export is the log as it was hashed, and proves itself', async () => {
  for (let i = 0; i < 5; i += 1) await operators.guest();
  const { headers, body } = await operators.ask<string>('GET /v1/audit/export');
  expect(headers.get('content-type')).toBe('application/x-ndjson');
  expect(headers.get('content-disposition')).toBe('attachment; filename="guestpass-audit-1-11.jsonl"');
  const lines = body.trimEnd().split('\n');
  expect(await verifyAuditLog(lines, { expectedHead: await operators.audit.head() })).toMatchObject({ records: 11 });
  expect(JSON.parse(lines[10] ?? '')).toMatchObject({ eventType: 'OPERATOR_AUDIT_EXPORT' });

  const part = await operators.ask<string>('GET /v1/audit/export?from=3&to=4');
  expect(part.body).toBe(`${lines.slice(2, 4).join('\n')}\n`);
  expect(await operators.actions()).toMatchObject([
    {},
    { eventType: 'OPERATOR_AUDIT_EXPORT', format: 'jsonl', from: 3, to: 4 },
  ]);
  expect((await operators.ask<string>('GET /v1/audit/export?from=99')).body).toBe('');
});

test('an export says where its manifest is, which tells what the file is even when the log has grown', async () => {
  const key = generateCheckpointKey();
  const signing = await openOperators({ manifests: { tool: 'guestpass 1', key } });
  await signing.guest();
  for (const format of ['jsonl', 'csv']) {
    const file = await signing.ask<string>(`GET /v1/audit/export?format=${format}`);
    await signing.guest();
    const link = /^<(.+)>; rel="describedby"$/.exec(file.headers.get('link') ?? '')?.[1];
    const { body } = await signing.ask<ExportManifest>(`GET ${link}`);
    expect(body).toMatchObject({ format, tool: 'guestpass 1', kid: key.kid, bytes: Buffer.byteLength(file.body) });
    expect(body.sha256).toBe(hash('sha256', file.body));
  }
  expect((await signing.actions()).map(({ eventType }) => eventType)).toEqual([
    'OPERATOR_AUDIT_EXPORT',
    'OPERATOR_AUDIT_DESCRIBE',
    'OPERATOR_AUDIT_EXPORT',
    'OPERATOR_AUDIT_DESCRIBE',
  ]);
  await signing[Symbol.asyncDispose]();
});

test('an export that broke off is gone on with, and the parts are one log by their manifests', async () => {
  for (let i = 0; i < 4; i += 1) await operators.guest();
  const parts = [
    await received('from=1&to=3'),
    // What was cut off in the middle of record 6 goes on behind record 5.
    await received('after=3&to=5'),
    await received('after=5'),
  ];
  const folder = await mkdtemp(join(tmpdir(), 'guestpass-parts-'));
  const files = parts.map(({ manifest }, index) => ({ path: join(folder, `${index}`), manifest }));
  for (const [index, { text }] of parts.entries()) await writeFile(join(folder, `${index}`), text);
  const whole = { ok: true, records: { after: { sequence: 0 }, head: lastOf(parts[2]?.manifest) } };
  expect(await verifyExports(files)).toMatchObject(whole);
  expect(await verifyExports(files.toReversed())).toMatchObject(whole);
  expect(await verifyExports(files.toSpliced(1, 1))).toMatchObject({ ok: false, kind: 'manifest', file: 1 });
  await rm(folder, { recursive: true });
  expect((await operators.ask('GET /v1/audit/export?from=1&after=3')).status).toBe(422);
});

test('a filtered export holds what was asked for, says so, and names no guest', async () => {
  const attemptId = await operators.guest();
  await operators.clock.advance(60_000);
  const other = await operators.guest(failed);
  const guestId = `guest-of-${attemptId}`;
  const sequences = async (query: string) => {
    const { text, manifest } = await received(query);
    const { count, filter } = JSON.parse(manifest);
    const found = text.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line).sequence));
    expect(count).toBe(found.length);
    return { found, filter };
  };
  const minute = new Date(operators.clock.now()).toISOString();
  const both = { attemptIds: [attemptId] };
  expect(await sequences(`to=4&guest=${guestId}`)).toEqual({ found: [1, 2], filter: both });
  expect(await sequences(`to=4&attempt=${other}`)).toEqual({ found: [3, 4], filter: { attemptIds: [other] } });
  const type = 'WEBMESSAGING_GUEST_REQUESTED';
  expect(await sequences(`type=${type}`)).toEqual({ found: [1, 3], filter: { eventTypes: [type] } });
  expect(await sequences(`to=4&since=${minute}`)).toEqual({ found: [3, 4], filter: { since: minute } });
  expect(await sequences(`to=4&until=${minute}&type=${type}`)).toMatchObject({ found: [1] });
  expect((await operators.ask('GET /v1/audit/export?guest=nobody')).status).toBe(404);
  expect((await operators.ask(`GET /v1/audit/export?guest=x&attempt=${other}`)).status).toBe(422);
  const actions = await operators.actions();
  expect(actions[0]).toMatchObject({ eventType: 'OPERATOR_AUDIT_EXPORT', to: 4, filter: both });
  expect(JSON.stringify(actions)).not.toContain(guestId);
});

test('an export is read as it is taken, and no further once its receiver has gone', async () => {
  await operators.guest();
  let read = 0;
  let ended = false;
  const endless = {
    ...operators.audit,
    async *read() {
      try {
        for await (const record of operators.audit.read({ to: 1 })) {
          for (;;) {
            read += 1;
            yield { ...record, line: 'x'.repeat(70_000) };
          }
        }
      } finally {
        ended = true;
      }
    },
  };
  const own = await openOperators({ audit: endless });
  const headers = { Authorization: `Bearer ${operatorToken}` };
  const { body } = await own.app.request('/v1/audit/export', { headers });
  const reader = body?.getReader();
  expect((await reader?.read())?.value?.length).toBe(70_001);
  expect(read).toBeLessThan(5);
  await reader?.cancel();
  expect(ended).toBe(true);
  await own[Symbol.asyncDispose]();
});

test('an export that cannot begin is refused, and one that breaks off does not end well', async () => {
  const broken: unknown[] = [];
  const failing = (after: number) => ({
    ...operators.audit,
    async *read() {
      for await (const record of operators.audit.read({ to: 1 })) {
        for (let i = 0; i < after; i += 1) yield { ...record, line: 'x'.repeat(70_000) };
      }
      throw new Error('The disk is gone.');
    },
  });
  await operators.guest();
  const open = (after: number) => openOperators({ audit: failing(after), onError: (error) => broken.push(error) });
  const never = await open(0);
  expect((await never.ask('GET /v1/audit/export')).status).toBe(500);
  const late = await open(2);
  await expect(late.ask('GET /v1/audit/export')).rejects.toThrow('The disk is gone.');
  expect(broken).toHaveLength(2);
  for (const one of [never, late]) await one[Symbol.asyncDispose]();
});

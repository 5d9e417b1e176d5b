import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { guestPayloadSchema } from 'guestpass/contract';
import { expect, test } from 'vitest';
import { createOpenApi, type OpenApiOperation, type OpenApiResponse } from './document.ts';

const require = createRequire(import.meta.url);

const document = createOpenApi();

interface Described {
  readonly path: string;
  readonly operation: OpenApiOperation;
}

const described: readonly Described[] = Object.entries(document.paths).flatMap(([path, ofPath]) =>
  Object.values(ofPath).map((operation) => ({ path, operation })),
);

const responses = described.flatMap(({ operation }) =>
  Object.entries(operation.responses).map(([status, response]) => ({ id: operation.operationId, status, response })),
);

/** Every object inside a value, itself included. */
function* objectsIn(value: unknown): Generator<object> {
  if (typeof value !== 'object' || value === null) return;
  yield value;
  for (const inner of Object.values(value)) yield* objectsIn(inner);
}

const refs = [...objectsIn(document)].flatMap((one) => ('$ref' in one ? [String(one.$ref)] : []));

test('every reference leads somewhere, and every schema is referred to', () => {
  const names = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
  expect(refs.length).toBeGreaterThan(50);
  expect(refs.filter((ref) => !names.includes(ref))).toEqual([]);
  expect(names.filter((name) => !refs.includes(name))).toEqual([]);
});

test('every operation has an id of its own, a tag that is told, and its path parameters', () => {
  const ids = described.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const tags = document.tags.map(({ name }) => name);
  for (const { path, operation } of described) {
    expect(tags).toContain(operation.tags[0]);
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const told = (operation.parameters ?? []).filter((one) => one.in === 'path');
    expect(told.map(({ name, required }) => [name, required])).toEqual(inPath.map((name) => [name, true]));
  }
});

test('every answer but an empty one says what it holds, and every refusal is a problem', () => {
  const schemasOf = ({ content = {} }: OpenApiResponse) => Object.values(content).map(({ schema }) => schema);
  const untold = responses.filter(({ response }) => schemasOf(response).length === 0);
  expect(untold.map(({ id, status }) => [id, status])).toEqual([
    ['removeWebhookEndpoint', '204'],
    ['withdrawConsent', '204'],
    ['openOperatorSession', '204'],
    ['endOperatorSession', '204'],
    ['beginOperatorSignIn', '302'],
    ['finishOperatorSignIn', '302'],
  ]);
  expect(
    responses.flatMap(({ response }) => schemasOf(response)).every((schema) => Object.keys(schema).length > 0),
  ).toBe(true);
  const refusals = responses.filter(({ status }) => Number(status) >= 400);
  for (const { response } of refusals) {
    expect(response.content?.['application/problem+json']?.schema).toEqual({ $ref: '#/components/schemas/Problem' });
  }
});

test('the token is asked for everywhere but for guests, health and what errors mean', () => {
  const open = described.filter(({ operation }) => operation.security.length === 0);
  expect(open.map(({ path }) => path)).toEqual([
    '/v1/guests',
    '/captcha/challenge',
    '/v1/consent-keys',
    '/v1/operator-sign-in',
    '/v1/operator-sign-in/start',
    '/v1/operator-sign-in/callback',
    '/livez',
    '/healthz',
    '/readyz',
    '/startupz',
    '/docs/errors',
  ]);
  const withoutToken = described.filter(({ operation }) => operation.responses['401'] === undefined);
  expect(withoutToken).toEqual(open);
});

test('an address that each listener has for its own callers is told with both of its bodies', () => {
  const { requestBody, security, responses } = document.paths['/v1/withdrawals']?.post ?? {};
  expect(requestBody?.content['application/json']?.schema).toEqual({
    oneOf: [{ $ref: '#/components/schemas/Withdrawal' }, { $ref: '#/components/schemas/ReceiptWithdrawal' }],
  });
  expect(security).toEqual([{ operatorToken: ['admin'] }, { operatorSession: ['admin'] }, {}]);
  expect(Object.keys(responses ?? {})).toEqual(expect.arrayContaining(['200', '204', '401', '422']));
});

test('with each operation stands the role it needs, and nobody is asked for one where no token is', () => {
  const securityOf = (path: string, method: string) => document.paths[path]?.[method]?.security;
  expect(securityOf('/v1/attempts', 'get')).toEqual([{ operatorToken: ['viewer'] }, { operatorSession: ['viewer'] }]);
  expect(securityOf('/v1/operator-sessions', 'post')).toEqual([{ operatorToken: ['viewer'] }]);
  expect(securityOf('/v1/audit', 'get')).toEqual([{ operatorToken: ['auditor'] }, { operatorSession: ['auditor'] }]);
  expect(securityOf('/livez', 'get')).toEqual([]);
});

test('the payload of guests is told as it is parsed', () => {
  const schema = document.components.schemas.GuestPayload;
  expect(schema).toMatchObject({
    required: ['channelId', 'consent'],
    additionalProperties: false,
    properties: { channelId: { maxLength: 256 }, attributes: { type: 'object', maxProperties: 32 } },
  });
  expect(Object.keys(guestPayloadSchema.shape)).toEqual(Object.keys(Object(schema?.properties)));
});

test('a field that may be left out is not called required', () => {
  const query = document.paths['/v1/attempts']?.get?.parameters ?? [];
  expect(query.map(({ name, required }) => [name, required])).toEqual(
    ['limit', 'after', 'outcome', 'code', 'channel', 'guest'].map((name) => [name, false]),
  );
  expect(query[0]?.schema).toMatchObject({ type: 'integer', minimum: 1, maximum: 200 });
});

test('every operation has an answer that is no refusal; some are that the browser goes on elsewhere', () => {
  const without = described.filter(
    ({ operation }) => !Object.keys(operation.responses).some((one) => /^[23]/.test(one)),
  );
  expect(without).toEqual([]);
});

test('redocly finds nothing to complain about', { timeout: 60_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-openapi-'));
  try {
    const file = join(directory, 'openapi.json');
    await writeFile(file, JSON.stringify(document));
    const redocly = join(require.resolve('@redocly/cli/package.json'), '..', 'bin', 'cli.js');
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' };
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [redocly, 'lint', file, '--max-problems=100', '--skip-rule=operation-2xx-response', '--format=json'],
      { cwd: directory, env },
    );
    expect(stdout, stderr).toContain('{');
    expect(JSON.parse(stdout)).toMatchObject({ totals: { errors: 0, warnings: 0, ignored: 0 } });
  } finally {
    await rm(directory, { recursive: true });
  }
});

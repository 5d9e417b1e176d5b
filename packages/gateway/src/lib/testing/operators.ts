import { hash } from 'node:crypto';
import type { Attempt } from 'guestpass';
import { type ManualClock, manualClock } from 'guestpass/testing';
import { sql } from 'kysely';
import { expect } from 'vitest';
import type { Work } from '../database/connect.ts';
import { createEvents, type Events } from '../events.ts';
import { createClientAddress } from '../http/client-address.ts';
import { createProblems } from '../http/problem.ts';
import { operations } from '../openapi/operations.ts';
import { problemSchema } from '../openapi/problem.ts';
import { createOperatorAccess, tokenOperators } from '../operator-access.ts';
import { createOperatorApp, type OperatorAppOptions } from '../routes/operator/operator-app.ts';
import type { StreamEvent } from '../routes/operator/stream-event.ts';
import { rememberEvent, type StreamMemory } from '../routes/operator/stream-memory.ts';
import { type OperatorRole, operatorRoles } from '../settings/operator-roles.ts';
import type { TokenOperator } from '../settings/operators.ts';
import { type AttemptStore, createAttemptStore } from '../store/attempts.ts';
import { type AuditStore, createAuditStore } from '../store/audit.ts';
import { createDeliveryStore, type DeliveryStore } from '../store/deliveries.ts';
import { createEndpointStore, type EndpointStore } from '../store/endpoints.ts';
import { createHoldStore } from '../store/holds.ts';
import type { NewDelivery } from '../store/new-deliveries.ts';
import { admitted, masterKey, newAttemptId, noon, payload } from './guests.ts';
import { type TestDatabase, testDatabase } from './postgres.ts';

export const operatorToken = 'b3BlcmF0b3ItdG9rZW4tb2YtMzItYnl0ZXMtYW5kLW1vcmU';

/** The token of somebody with this role, who has the name of the role and `-1` behind it. */
export const tokenOf = (role: OperatorRole) => `${role}-b3BlcmF0b3ItdG9rZW4tb2YtMzItYnl0ZXM`;

/** Those who may ask: whoever has the {@link operatorToken}, and one for each role. */
export const testOperators: readonly TokenOperator[] = tokenOperators({
  token: operatorToken,
  people: operatorRoles.map((role) => ({ name: `${role}-1`, role, tokenSha256: hash('sha256', tokenOf(role)) })),
});

/** An answer that has the form its operation describes. */
export interface OperatorAnswer<Body = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface AskOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default the right one; `null` for none. */
  readonly token?: string | null;
}

/** The operator app on a database of its own. */
export interface Operators {
  readonly app: ReturnType<typeof createOperatorApp>;
  readonly database: TestDatabase;
  readonly clock: ManualClock;
  readonly attempts: AttemptStore;
  readonly audit: AuditStore;
  readonly deliveries: DeliveryStore;
  readonly endpoints: EndpointStore;
  readonly events: Events<StreamEvent, StreamMemory>;
  /** Asks `GET /v1/…` or with another method, and holds the answer to the description of the API. */
  ask<Body = unknown>(what: string, options?: AskOptions): Promise<OperatorAnswer<Body>>;
  /** Lets a guest in, or what else `make` tells of it; returns the attempt's id. */
  guest(make?: (id: string) => Attempt): Promise<string>;
  /** Deliveries that were handed to the queue, oldest first. */
  jobs(): Promise<readonly unknown[]>;
  /** Audit records of operators, oldest first. */
  actions(): Promise<readonly Record<string, unknown>[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function openOperators(more: Partial<OperatorAppOptions> = {}): Promise<Operators> {
  const database = await testDatabase();
  await database.query('create table jobs (number bigint generated always as identity, delivery text)');
  const announce = async (work: Work, announced: readonly NewDelivery[]) => {
    for (const { id } of announced) await sql`insert into jobs (delivery) values (${id})`.execute(work);
  };
  const clock = manualClock(noon);
  const stores = {
    attempts: createAttemptStore({ database, masterKey, owner: 'gateway-1', announce }),
    audit: createAuditStore(database, masterKey),
    deliveries: createDeliveryStore({ database, masterKey, announce }),
    endpoints: createEndpointStore(database, masterKey),
    holds: createHoldStore(database),
  };
  const events = createEvents({ remember: rememberEvent });
  const app = createOperatorApp({
    ...stores,
    events,
    clock,
    ...createOperatorAccess({ operators: () => testOperators, masterKey, clock }),
    problems: createProblems({ audience: 'operator' }),
    clientAddress: createClientAddress({ isTrusted: () => false }),
    readiness: async () => [{ name: 'database', ok: true }],
    ...more,
  });
  return {
    ...stores,
    app,
    database,
    clock,
    events,
    // A cast, because the answer has been held to its schema.
    ask: async <Body>(what: string, options?: AskOptions) => (await ask(app, what, options)) as OperatorAnswer<Body>,
    async guest(make = admitted) {
      const attemptId = newAttemptId();
      await stores.attempts.recordIntent({ attemptId, payload, nowMs: clock.now() });
      await stores.attempts.recordOutcome(make(attemptId), clock.now());
      return attemptId;
    },
    jobs: async () => (await database.query('select delivery from jobs order by number')).map((row) => row.delivery),
    async actions() {
      const records = await Array.fromAsync(stores.audit.read());
      return records.map(({ line }) => JSON.parse(line)).filter(({ eventType }) => eventType.startsWith('OPERATOR_'));
    },
    async [Symbol.asyncDispose]() {
      events[Symbol.dispose]();
      await stores.attempts[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

async function ask(app: Operators['app'], what: string, options: AskOptions = {}): Promise<OperatorAnswer> {
  const { body, headers, token = operatorToken } = options;
  const [method = '', path = ''] = what.split(' ');
  const response = await app.request(path, {
    method,
    headers: {
      ...(token !== null && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const answer = { status: response.status, headers: response.headers, body: await bodyOf(response) };
  expectDescribed(answer, method, path);
  return answer;
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  return response.headers.get('content-type')?.includes('json') && text !== '' && !text.includes('\n')
    ? JSON.parse(text)
    : text;
}

/** Nothing is answered that the description of the API does not tell of, down to single fields. */
function expectDescribed({ status, headers, body }: OperatorAnswer, method: string, path: string): void {
  if (headers.get('content-type') === 'application/problem+json') {
    if (method !== 'HEAD') expect(problemSchema.parse(body)).toEqual(body);
    return;
  }
  const operation = operations.find((one) => one.method.toUpperCase() === method && matches(one.path, path));
  const schema = operation?.answers[status]?.schema;
  if (method !== 'HEAD' && status !== 204) expect(schema?.parse(body)).toEqual(body);
}

function matches(template: string, path: string): boolean {
  const pattern = template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${pattern}$`).test(path.replace(/\?.*$/, ''));
}

import { randomUUID } from 'node:crypto';
import { GuestpassError } from 'guestpass';
import type { Updateable } from 'kysely';
import type { Database, Work } from '../database/connect.ts';
import type { WebhookEndpointsTable } from '../database/tables.ts';
import {
  countFailure,
  disableEndpoint,
  type EndpointRow,
  findEndpoint,
  findEndpoints,
  insertEndpoint,
  listEndpoints,
  lockEndpoints,
  type NewEndpointRow,
  replaceSecret,
  updateEndpoint,
} from './endpoint-rows.ts';
import { createSeal, type MasterKey, type Seal } from './seal.ts';

/** An endpoint as operators see it: everything but its secrets. */
export interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  /** `null`: every type. */
  readonly eventTypes: readonly string[] | null;
  /** `guest`: of the events of one guest each is sent once the one before is delivered or given up. */
  readonly ordering: 'none' | 'guest';
  readonly enabled: boolean;
  /** Why it is disabled. */
  readonly disabledReason: string | null;
  /** Since when it has only failed; `null` after a success. */
  readonly failingSince: Date | null;
  /** Failures in a row. */
  readonly failures: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface NewEndpoint {
  /** Default a fresh one. */
  readonly id?: string;
  readonly url: string;
  readonly description?: string;
  /** Default every type. */
  readonly eventTypes?: readonly string[] | null;
  /** Default `none`. */
  readonly ordering?: Endpoint['ordering'];
  /** `whsec_…` */
  readonly secret: string;
}

/** An endpoint that is known by its description. */
export type DescribedEndpoint = Pick<NewEndpoint, 'url' | 'secret'> & Required<Pick<NewEndpoint, 'description'>>;

export type EndpointChange = Partial<Pick<Endpoint, 'url' | 'description' | 'eventTypes' | 'ordering'>>;

/** Who is told of outcomes. All calls reject with `storage_unavailable` when the database is in trouble. */
export interface EndpointStore {
  create(endpoint: NewEndpoint, nowMs: number): Promise<Endpoint>;
  /**
   * Makes the one endpoint of a description, or brings it in step: a new address counts at once, a new secret takes the
   * place of the old one, which signs beside it for a day. A secret that was replaced before does not come back. Of
   * gateways that start at once, one makes it.
   */
  ensure(endpoint: DescribedEndpoint, nowMs: number): Promise<void>;
  /** Oldest first, without the removed ones. */
  list(): Promise<readonly Endpoint[]>;
  get(id: string): Promise<Endpoint | undefined>;
  change(id: string, change: EndpointChange, nowMs: number): Promise<Endpoint | undefined>;
  /** The secrets to sign with, newest first: after a rotation the one before is good until its time is up. */
  secrets(id: string, nowMs: number): Promise<readonly string[]>;
  /** Several at once, each with its secrets, by id; those that are not there are missing. */
  receivers(ids: readonly string[], nowMs: number): Promise<ReadonlyMap<string, Receiver>>;
  /** Signs with a new secret, and beside it with the old one until `previousUntilMs`. */
  rotate(id: string, rotation: Rotation, nowMs: number): Promise<boolean>;
  /** Deliveries of a disabled endpoint are held. Resolves with false when it is not there or was disabled already. */
  disable(id: string, reason: string, nowMs: number): Promise<boolean>;
  /** Takes deliveries again. What was held stays held until it is released. */
  enable(id: string, nowMs: number): Promise<boolean>;
  /** Counts a try that failed, or a success, which ends a row of failures. Resolves with the endpoint after it. */
  recordTry(id: string, end: TryEnd, nowMs: number): Promise<Endpoint | undefined>;
  /** Takes the endpoint off every list; its deliveries stay on record. */
  remove(id: string, nowMs: number): Promise<boolean>;
}

/** How a try ended. A receiver that turns an event down is there and can take the next; one that fails needs care. */
export type TryEnd = 'delivered' | 'turned down' | 'failed';

/** Where deliveries go, and what they are signed with. */
export interface Receiver {
  readonly endpoint: Endpoint;
  /** True from a try that failed to one that was delivered, whichever process made them. */
  readonly isUnwell: boolean;
  /** As {@link EndpointStore.secrets} tells them. */
  readonly secrets: readonly string[];
}

export interface Rotation {
  readonly secret: string;
  /** Milliseconds since the Unix epoch. */
  readonly previousUntilMs: number;
}

export function createEndpointStore(database: Database, masterKey: MasterKey): EndpointStore {
  const seal = createSeal(masterKey, 'webhook-secrets');
  const update = async (id: string, columns: Updateable<WebhookEndpointsTable>) =>
    shown(await database.run((session) => updateEndpoint(session, id, columns)));

  return {
    create: async (endpoint, nowMs) =>
      shownRow(await database.run((session) => insertEndpoint(session, rowOf(endpoint, seal), nowMs))),
    ensure: (endpoint, nowMs) => database.transaction((work) => ensureEndpoint(work, endpoint, { seal, nowMs })),
    list: async () => (await database.run(listEndpoints)).map(shownRow),
    get: async (id) => shown(await database.run((session) => findEndpoint(session, id))),
    change: (id, change, nowMs) => update(id, { ...columnsOf(change), updated_at: new Date(nowMs) }),
    async secrets(id, nowMs) {
      const row = await database.run((session) => findEndpoint(session, id));
      return row ? secretsOf(row, seal, nowMs) : [];
    },
    async receivers(ids, nowMs) {
      const rows = await database.run((session) => findEndpoints(session, ids));
      return new Map(
        rows.map((row) => {
          const secrets = secretsOf(row, seal, nowMs);
          return [row.id, { endpoint: shownRow(row), secrets, isUnwell: row.unwell }] as const;
        }),
      );
    },
    rotate: (id, { secret, previousUntilMs }, nowMs) =>
      database.run((session) => replaceSecret(session, id, { sealed: seal.seal(secret, id), previousUntilMs, nowMs })),
    disable: (id, reason, nowMs) => database.run((session) => disableEndpoint(session, id, { reason, nowMs })),
    enable: async (id, nowMs) =>
      (await update(id, { ...sound, enabled: true, disabled_reason: null, updated_at: new Date(nowMs) })) !== undefined,
    async recordTry(id, end, nowMs) {
      if (end === 'delivered') return await update(id, sound);
      return shown(await database.run((session) => countFailure(session, id, { isUnwell: end === 'failed', nowMs })));
    },
    remove: async (id, nowMs) => (await update(id, { deleted_at: new Date(nowMs), enabled: false })) !== undefined,
  };
}

const dayMs = 86_400_000;

async function ensureEndpoint(
  work: Work,
  wanted: DescribedEndpoint,
  { seal, nowMs }: { readonly seal: Seal; readonly nowMs: number },
): Promise<void> {
  await lockEndpoints(work);
  const known = (await listEndpoints(work)).find(({ description }) => description === wanted.description);
  if (!known) return void (await insertEndpoint(work, rowOf(wanted, seal), nowMs));
  const { id } = known;
  if (known.url !== wanted.url) await updateEndpoint(work, id, { url: wanted.url, updated_at: new Date(nowMs) });
  if (knownSecrets(known, seal).includes(wanted.secret)) return;
  const sealed = seal.seal(wanted.secret, id);
  await replaceSecret(work, id, { sealed, previousUntilMs: nowMs + dayMs, nowMs });
}

/** The present one and the one before, however long ago that was. */
function knownSecrets({ id, sealed_secret, sealed_previous_secret }: EndpointRow, seal: Seal): readonly string[] {
  try {
    return [sealed_secret, sealed_previous_secret].flatMap((sealed) =>
      sealed ? seal.open(sealed, id).toString() : [],
    );
  } catch (cause) {
    throw new GuestpassError(
      'config_invalid',
      'The master key is not the one that the webhook secrets are sealed with.',
      {
        cause,
        remedy: 'Give every gateway of one database the same master key, and keep it.',
      },
    );
  }
}

const sound = { failing_since: null, failures: 0, unwell: false };

/** An id that no endpoint has. */
export function newEndpointId(): string {
  return `ep_${randomUUID()}`;
}

function rowOf(endpoint: NewEndpoint, seal: Seal): NewEndpointRow {
  const { id = newEndpointId(), url, description = '', eventTypes = null, ordering = 'none', secret } = endpoint;
  const event_types = eventTypes && [...eventTypes];
  return { id, url, description, event_types, ordering, sealed_secret: seal.seal(secret, id) };
}

function columnsOf({ url, description, eventTypes, ordering }: EndpointChange): Updateable<WebhookEndpointsTable> {
  return {
    ...(url !== undefined && { url }),
    ...(description !== undefined && { description }),
    ...(eventTypes !== undefined && { event_types: eventTypes && [...eventTypes] }),
    ...(ordering !== undefined && { ordering }),
  };
}

function secretsOf(row: EndpointRow, seal: Seal, nowMs: number): readonly string[] {
  const { id, sealed_secret, sealed_previous_secret, previous_secret_until } = row;
  const previous = previous_secret_until && previous_secret_until.getTime() > nowMs ? sealed_previous_secret : null;
  return [sealed_secret, previous].flatMap((sealed) => (sealed ? seal.open(sealed, id).toString() : []));
}

function shown(row: EndpointRow | undefined): Endpoint | undefined {
  return row && shownRow(row);
}

function shownRow(row: EndpointRow): Endpoint {
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    eventTypes: row.event_types,
    ordering: row.ordering,
    enabled: row.enabled,
    disabledReason: row.disabled_reason,
    failingSince: row.failing_since,
    failures: row.failures,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

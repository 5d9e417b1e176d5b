import { GuestpassError } from 'guestpass';
import {
  type AuditFault,
  type AuditProof,
  type ChainHead,
  type Checkpoint,
  type CheckpointPublicKey,
  checkpointFault,
  type ExportFilter,
  genesis,
  parseCheckpoint,
  recordFault,
  verifyAuditLog,
} from 'guestpass/audit';
import { sql } from 'kysely';
import type { Database, Session } from '../database/connect.ts';
import type { AuditRecordsTable } from '../database/tables.ts';
import { readLastArchive } from './archives.ts';
import { openRecords } from './open-records.ts';
import type { Personal } from './personal.ts';
import { attemptSeal, type MasterKey } from './seal.ts';

export interface AuditQuery {
  /** Records at most, newest first. */
  readonly limit: number;
  /** The sequence of the last record of the page before. */
  readonly after?: number;
  readonly eventType?: string;
  readonly attemptId?: string;
}

export interface AuditRange {
  /** The first sequence. Default the first that is not archived; reading rejects for one before it. */
  readonly from?: number;
  /** The last sequence. Default the head at the time of the call. */
  readonly to?: number;
  /** Only records that fit all of it. */
  readonly filter?: ExportFilter | undefined;
}

/** A record, and what it holds sealed. */
export interface OpenedRecord extends AuditRecordsTable {
  /** What `line` holds sealed; `null` when that is nothing, or the guest was erased. */
  readonly opened: Personal | null;
}

/** A record as operators see it. */
export interface AuditEntry extends OpenedRecord {
  /** What is wrong with the record by itself, in a few words; `null` for a sound one. */
  readonly damage: string | null;
}

/** Where the log begins. */
export interface LogBeginning extends ChainHead {
  /** Vouches for it; `null` for a log from its very beginning, and when what stands there is no such thing. */
  readonly checkpoint: Checkpoint | null;
}

export interface AuditVerification {
  /** A head kept elsewhere. Default the one that the database holds. */
  readonly expectedHead?: ChainHead | undefined;
  /** The keys that may have signed the beginning of a log whose older part is archived. Default: it is not checked. */
  readonly publicKeys?: readonly CheckpointPublicKey[] | undefined;
}

/** The audit log of the whole fleet. All calls reject with `storage_unavailable` when the database is in trouble. */
export interface AuditStore {
  /** Where the chain stands. Kept elsewhere, it shows later that nothing before it was changed. */
  head(): Promise<ChainHead>;
  /** The record that the first one follows: the last one archived, or sequence 0. */
  beginning(): Promise<LogBeginning>;
  page(query: AuditQuery): Promise<readonly AuditEntry[]>;
  /** Reads records in order, in constant memory; `line` is what an export holds. */
  read(range?: AuditRange): AsyncGenerator<AuditRecordsTable, void, undefined>;
  /** The same, with what is sealed. */
  readOpened(range?: AuditRange): AsyncGenerator<OpenedRecord, void, undefined>;
  /** Checks the whole log as it stands now, from where it begins, and names the first bad record. */
  verify(options?: AuditVerification): Promise<AuditProof | AuditFault>;
}

const chunk = 1_000;

export function createAuditStore(database: Database, masterKey: MasterKey): AuditStore {
  const seal = attemptSeal(masterKey);
  const head = () => database.run(readHead);

  const beginning = () => database.run(readBeginning);

  async function* chunks({ from, to, filter }: AuditRange): AsyncGenerator<readonly AuditRecordsTable[]> {
    const last = to ?? (await head()).sequence;
    // What is archived may not be removed yet.
    const begins = (await beginning()).sequence + 1;
    const start = from ?? begins;
    if (start < begins) throw archivedMeanwhile();
    for (let next = start; next <= last; ) {
      const first = next;
      const records = await database.run((session) => readChunk(session, { from: first, to: last, filter }));
      yield records;
      const end = records.at(-1)?.sequence;
      if (end === undefined) break;
      next = end + 1;
    }
    // Records that left the log under our eyes would look like a hole.
    if ((await beginning()).sequence >= start) throw archivedMeanwhile();
  }

  async function* read(range: AuditRange = {}): AsyncGenerator<AuditRecordsTable, void, undefined> {
    for await (const records of chunks(range)) yield* records;
  }

  const open = async (session: Session, records: readonly AuditRecordsTable[]): Promise<readonly OpenedRecord[]> => {
    const opened = await openRecords(session, records, seal);
    return records.map((record, index) => ({ ...record, opened: opened[index] ?? null }));
  };

  async function* readOpened(range: AuditRange = {}): AsyncGenerator<OpenedRecord, void, undefined> {
    for await (const records of chunks(range)) yield* await database.run((session) => open(session, records));
  }

  async function* lines(range: AuditRange): AsyncGenerator<string, void, undefined> {
    for await (const { line } of read(range)) yield line;
  }

  return {
    head,
    beginning,
    page: (query) =>
      database.run(async (session) => {
        const records = await open(session, await readPage(session, query));
        return records.map((record) => ({ ...record, damage: damageOf(record) }));
      }),
    read,
    readOpened,
    async verify({ expectedHead, publicKeys } = {}) {
      const { checkpoint, ...after } = await beginning();
      const distrust = distrustOf({ checkpoint, ...after }, publicKeys);
      if (distrust !== undefined) return unvouched(after, distrust);
      // The head's own word counts too: rows taken off the end would pass otherwise.
      const known = expectedHead ?? (await head());
      return await verifyAuditLog(lines({ from: after.sequence + 1 }), { part: { after }, expectedHead: known });
    },
  };
}

function distrustOf(
  { sequence, checkpoint }: LogBeginning,
  publicKeys: AuditVerification['publicKeys'],
): string | undefined {
  if (sequence === 0) return undefined;
  if (!checkpoint) return 'is not one of that record';
  return publicKeys && checkpointFault(checkpoint, publicKeys);
}

function archivedMeanwhile(): GuestpassError {
  const remedy = 'Ask again: the log begins behind them now.';
  return new GuestpassError('storage_unavailable', 'Records were archived while they were to be read.', { remedy });
}

function unvouched({ sequence }: ChainHead, detail: string): AuditFault {
  return {
    ok: false,
    line: 1,
    sequence,
    kind: 'checkpoint',
    detail: `The log begins behind record ${sequence}, and the checkpoint that vouches for it ${detail}.`,
  };
}

/** The columns are looked at too: what a query goes by is not what was hashed. */
function damageOf({ sequence, event_type, attempt_id, line, hash }: AuditRecordsTable): string | null {
  const fault = recordFault(line);
  if (fault !== undefined) return fault;
  const told: Readonly<Record<string, unknown>> = JSON.parse(line);
  const agrees =
    told.sequence === sequence &&
    told.hash === hash &&
    told.eventType === event_type &&
    (told.attemptId ?? null) === attempt_id;
  return agrees ? null : 'does not agree with its own columns';
}

async function readBeginning(session: Session): Promise<LogBeginning> {
  const archive = await readLastArchive(session);
  if (!archive) return { ...genesis, checkpoint: null };
  const { sequence, hash } = archive;
  const checkpoint = parseCheckpoint(archive.checkpoint);
  const fits = typeof checkpoint === 'object' && checkpoint.sequence === sequence && checkpoint.hash === hash;
  return { sequence, hash, checkpoint: fits ? checkpoint : null };
}

async function readHead(session: Session): Promise<ChainHead> {
  const { rows } = await sql<ChainHead>`select sequence, hash from guestpass.audit_head`.execute(session);
  const [row] = rows;
  if (!row) throw new Error('The audit log has no head: its migration was undone.');
  return row;
}

async function readPage(session: Session, query: AuditQuery): Promise<readonly AuditRecordsTable[]> {
  const { limit, after, eventType, attemptId } = query;
  return await session
    .selectFrom('guestpass.audit_records')
    .selectAll()
    .$if(after !== undefined, (rows) => rows.where('sequence', '<', after ?? 0))
    .$if(eventType !== undefined, (rows) => rows.where('event_type', '=', eventType ?? ''))
    .$if(attemptId !== undefined, (rows) => rows.where('attempt_id', '=', attemptId ?? ''))
    .orderBy('sequence', 'desc')
    .limit(limit)
    .execute();
}

async function readChunk(
  session: Session,
  { from, to, filter = {} }: AuditRange & { readonly from: number; readonly to: number },
): Promise<readonly AuditRecordsTable[]> {
  const { attemptIds, eventTypes, since, until } = filter;
  return await session
    .selectFrom('guestpass.audit_records')
    .selectAll()
    .where('sequence', '>=', from)
    .where('sequence', '<=', to)
    .$if(attemptIds !== undefined, (rows) => rows.where('attempt_id', '=', any(attemptIds)))
    .$if(eventTypes !== undefined, (rows) => rows.where('event_type', '=', any(eventTypes)))
    .$if(since !== undefined, (rows) => rows.where('recorded_at', '>=', new Date(since ?? 0)))
    .$if(until !== undefined, (rows) => rows.where('recorded_at', '<', new Date(until ?? 0)))
    .orderBy('sequence')
    .limit(chunk)
    .execute();
}

function any(values: readonly string[] = []) {
  return sql<string>`any(${[...values]}::text[])`;
}

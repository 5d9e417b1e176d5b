import { type AuditFault, type AuditProof, type ChainHead, verifyAuditLog } from 'guestpass/audit';
import { sql } from 'kysely';
import type { Database, Session } from '../database/connect.ts';
import type { AuditRecordsTable } from '../database/tables.ts';
import { attemptSeal, type MasterKey } from './seal.ts';
import { openGuestIds } from './subjects.ts';

export interface AuditQuery {
  /** Records at most, newest first. */
  readonly limit: number;
  /** The sequence of the last record of the page before. */
  readonly after?: number;
  readonly eventType?: string;
  readonly attemptId?: string;
}

export interface AuditRange {
  /** The first sequence. Default 1. */
  readonly from?: number;
  /** The last sequence. Default the head at the time of the call. */
  readonly to?: number;
}

/** A record as operators see it. */
export interface AuditEntry extends AuditRecordsTable {
  /** The guest that was let in, which `line` holds sealed; `null` when there is none or it was erased. */
  readonly guestId: string | null;
}

/** The audit log of the whole fleet. All calls reject with `storage_unavailable` when the database is in trouble. */
export interface AuditStore {
  /** Where the chain stands. Kept elsewhere, it shows later that nothing before it was changed. */
  head(): Promise<ChainHead>;
  page(query: AuditQuery): Promise<readonly AuditEntry[]>;
  /** Reads records in order, in constant memory; `line` is what an export holds. */
  read(range?: AuditRange): AsyncGenerator<AuditRecordsTable, void, undefined>;
  /** Checks the whole log as it stands now and names the first bad record. */
  verify(expectedHead?: ChainHead): Promise<AuditProof | AuditFault>;
}

const chunk = 1_000;

export function createAuditStore(database: Database, masterKey: MasterKey): AuditStore {
  const seal = attemptSeal(masterKey);
  const head = () => database.run(readHead);

  async function* read({ from = 1, to }: AuditRange = {}): AsyncGenerator<AuditRecordsTable, void, undefined> {
    const last = to ?? (await head()).sequence;
    for (let next = from; next <= last; ) {
      const first = next;
      const records = await database.run((session) => readChunk(session, first, last));
      yield* records;
      const end = records.at(-1)?.sequence;
      if (end === undefined) return;
      next = end + 1;
    }
  }

  async function* lines(): AsyncGenerator<string, void, undefined> {
    for await (const { line } of read()) yield line;
  }

  return {
    head,
    page: (query) =>
      database.run(async (session) => {
        const records = await readPage(session, query);
        const guestIds = await openGuestIds(session, records, seal);
        return records.map((record) => ({ ...record, guestId: guestIds.get(record.attempt_id ?? '') ?? null }));
      }),
    read,
    async verify(expectedHead) {
      // The head's own word counts too: rows taken off the end would pass otherwise.
      return await verifyAuditLog(lines(), { expectedHead: expectedHead ?? (await head()) });
    },
  };
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

async function readChunk(session: Session, from: number, to: number): Promise<readonly AuditRecordsTable[]> {
  return await session
    .selectFrom('guestpass.audit_records')
    .selectAll()
    .where('sequence', '>=', from)
    .where('sequence', '<=', to)
    .orderBy('sequence')
    .limit(chunk)
    .execute();
}

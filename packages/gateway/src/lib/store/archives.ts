import type { ChainHead } from 'guestpass/audit';
import { sql } from 'kysely';
import type { Database, Session, Work } from '../database/connect.ts';
import { append, lockHead } from './chain.ts';
import { notHeld } from './holds.ts';
import { hasTurn } from './retention.ts';

/** A part of the log that stands in an archive, by the last record of it. What is left begins behind that record. */
export interface Archive extends ChainHead {
  /** The signed checkpoint of that record, as one line. */
  readonly checkpoint: string;
  /** The manifest of the archive, as text. */
  readonly manifest: string;
}

/** Records to be archived. */
export interface ArchivePart {
  readonly from: number;
  readonly last: ChainHead;
  /** The archive before, if there is one. */
  readonly before: Archive | undefined;
}

/** What stands in the archive, so that it may be put on record. */
export interface WrittenArchive extends Pick<Archive, 'checkpoint' | 'manifest'> {
  /** Names the file in the audit log. */
  readonly file: string;
  /** Lower-case hex SHA-256 of the file. */
  readonly sha256: string;
}

export interface ArchiveStep {
  /** Records of this instant and before are due; milliseconds since the Unix epoch, as is `nowMs`. */
  readonly beforeMs: number;
  readonly nowMs: number;
  /** Records in one archive at most. */
  readonly limit: number;
  /** Writes the archive. Only when it resolves does the log get its new beginning; it may be called again. */
  readonly write: (part: ArchivePart) => Promise<WrittenArchive>;
}

/** Takes the oldest records out of the log. Rejects with `storage_unavailable` when the database is in trouble. */
export interface ArchiveStore {
  /**
   * Archives the oldest records that are due, up to the first one of a guest on hold, and puts that on record in one
   * transaction with the new beginning. Resolves with nothing when none is due, another gateway is at it, or one of
   * them was put on hold while they were written.
   */
  archive(step: ArchiveStep): Promise<ArchivePart | undefined>;
  /** Removes some of the records that stand in an archive, the oldest first; returns how many. */
  removeArchived(): Promise<number>;
}

export function createArchiveStore(database: Database): ArchiveStore {
  return {
    archive: (step) => database.transaction((work) => archive(work, step)),
    removeArchived: () => database.run(removeRecords),
  };
}

/** The last archive, behind which the log begins. */
export async function readLastArchive(session: Session): Promise<Archive | undefined> {
  const { rows } = await sql<Archive>`
    select sequence, hash, checkpoint, manifest from guestpass.audit_archives order by sequence desc limit 1`.execute(
    session,
  );
  return rows[0];
}

async function archive(work: Work, { beforeMs, nowMs, limit, write }: ArchiveStep): Promise<ArchivePart | undefined> {
  if (!(await hasTurn(work))) return undefined;
  const before = await readLastArchive(work);
  const from = (before?.sequence ?? 0) + 1;
  const last = await findLastDue(work, from, { beforeMs, limit });
  if (!last) return undefined;
  const part = { from, last, before };
  const { checkpoint, manifest, file, sha256 } = await write(part);
  const head = await lockHead(work);
  // The holds are looked at again behind the lock, which whoever places one takes too.
  const free = await findLastDue(work, from, { beforeMs, limit });
  if (!free || free.sequence < last.sequence) return undefined;
  const at = new Date(nowMs);
  await sql`
    insert into guestpass.audit_archives (sequence, hash, checkpoint, manifest, archived_at)
    values (${last.sequence}, ${last.hash}, ${checkpoint}, ${manifest}, ${at})`.execute(work);
  const event = {
    eventType: 'WEBMESSAGING_RETENTION_RECORDS_ARCHIVED',
    from,
    to: last.sequence,
    lastHash: last.hash,
    file,
    sha256,
    timestamp: at.toISOString(),
  };
  await append(work, head, [{ event, nowMs }]);
  return part;
}

/** Only so many records are looked at, and the last one of the log always stays: a new beginning needs a follower. */
async function findLastDue(
  session: Session,
  from: number,
  { beforeMs, limit }: Pick<ArchiveStep, 'beforeMs' | 'limit'>,
): Promise<ChainHead | undefined> {
  const { rows } = await sql<ChainHead>`
    with oldest as (
      select sequence, hash, recorded_at, attempt_id from guestpass.audit_records
      where sequence >= ${from} and sequence < (select sequence from guestpass.audit_head)
      order by sequence limit ${limit}
    ), stop as (
      select min(sequence) as at from oldest
      where recorded_at > ${new Date(beforeMs)} or not ${notHeld(sql.ref('oldest.attempt_id'))}
    )
    select sequence, hash from oldest
    where sequence < coalesce((select at from stop), sequence + 1)
    order by sequence desc limit 1`.execute(session);
  return rows[0];
}

async function removeRecords(session: Session): Promise<number> {
  const { rows } = await sql<{ removed: number }>`
    select guestpass.remove_archived_records(2000) as removed`.execute(session);
  return rows[0]?.removed ?? 0;
}

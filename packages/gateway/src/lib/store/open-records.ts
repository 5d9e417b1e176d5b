import type { Session } from '../database/connect.ts';
import { openOrNothing, type Personal, readPerson, type SubjectSeal } from './personal.ts';
import type { Seal } from './seal.ts';
import { readSeals } from './subjects.ts';

/** What stands in place of a value that the member `sealed` of the record holds. */
export const sealedMark = 'sealed';

interface SealedRecord {
  readonly attempt_id: string | null;
  readonly line: string;
}

/** What audit records hold sealed, in their order; `null` where there is nothing, and where it does not open any more. */
export async function openRecords(
  session: Session,
  records: readonly SealedRecord[],
  master: Seal,
): Promise<readonly (Personal | null)[]> {
  const closed = records.map(closedPart);
  const ids = [...new Set(closed.flatMap((part) => part?.attemptId ?? []))];
  const seals = await readSeals(session, ids, master);
  return closed.map((part) => {
    const seal = part && seals.get(part.attemptId);
    return seal ? (part.open(seal) ?? null) : null;
  });
}

interface ClosedPart {
  readonly attemptId: string;
  open(seal: SubjectSeal): Personal | undefined;
}

/** Records of before held the guest id alone. */
const guestIdPrefix = 'sealed:';

function closedPart({ attempt_id: attemptId, line }: SealedRecord): ClosedPart | undefined {
  if (attemptId === null) return undefined;
  const { sealed, guestId } = membersOf(line);
  if (typeof sealed === 'string') {
    return { attemptId, open: (seal) => readPerson(seal, Buffer.from(sealed, 'base64url'), attemptId) };
  }
  if (typeof guestId !== 'string' || !guestId.startsWith(guestIdPrefix)) return undefined;
  const text = Buffer.from(guestId.slice(guestIdPrefix.length), 'base64url');
  return {
    attemptId,
    open(seal) {
      const opened = openOrNothing(seal, text, attemptId)?.toString();
      return opened === undefined ? undefined : { guestId: opened };
    },
  };
}

/** One damaged record must not hide the others. */
function membersOf(line: string): { readonly sealed?: unknown; readonly guestId?: unknown } {
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === 'object' && record !== null ? record : {};
  } catch {
    return {};
  }
}

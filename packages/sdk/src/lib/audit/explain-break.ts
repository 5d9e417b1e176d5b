import { type AuditFault, fault, type Place } from './audit-fault.ts';
import type { NumberedLine } from './lines.ts';
import { parseRecord } from './stored-record.ts';

/** What follows in the log; it is read on as far as needed. */
type Rest = AsyncGenerator<NumberedLine, void, undefined>;

/** Finds out why a record that is sound by itself does not fit behind `head`: what follows tells who is at fault. */
export function explainBreak(here: Place, head: Place, rest: Rest): Promise<AuditFault> | AuditFault {
  const expected = head.sequence + 1;
  if (here.sequence === expected) return explainBrokenLink(here, head, rest);
  if (here.previousHash === head.hash) {
    return fault(
      'edited',
      { ...here, sequence: expected },
      `The record on line ${here.line} was given another number.`,
    );
  }
  return here.sequence > expected ? explainGap(here, expected, rest) : explainRepeat(here, head, rest);
}

async function explainGap(here: Place, expected: number, rest: Rest): Promise<AuditFault> {
  const at = { line: here.line, sequence: expected };
  for await (const { text, line } of rest) {
    const record = parseRecord(text);
    if (typeof record === 'string' || record.sequence !== expected) continue;
    return fault('reordered', at, `Record ${expected} stands on line ${line}, behind record ${here.sequence}.`);
  }
  const last = here.sequence - 1;
  const gone = last === expected ? `Record ${expected} is` : `Records ${expected} to ${last} are`;
  return fault('missing', at, `${gone} missing before line ${here.line}.`);
}

async function explainRepeat(here: Place, head: Place, rest: Rest): Promise<AuditFault> {
  const rivals = here.sequence === head.sequence && here.hash !== head.hash && here.previousHash === head.previousHash;
  if (!rivals) return fault('duplicate', here, `Record ${here.sequence} comes again on line ${here.line}.`);
  const intruder = (await next(rest))?.previousHash === here.hash ? head : here;
  const detail = `Lines ${head.line} and ${here.line} both claim to be record ${here.sequence}.`;
  return fault('inserted', intruder, detail);
}

async function explainBrokenLink(here: Place, head: Place, rest: Rest): Promise<AuditFault> {
  const following = await next(rest);
  if (following?.sequence === here.sequence && following.previousHash === head.hash) {
    return fault('inserted', here, `The record on line ${here.line} belongs to no record before it.`);
  }
  // The link is broken between two lines. Where the chain goes on from the second, the first was changed.
  const culprit = head.line > 0 && (!following || following.previousHash === here.hash) ? head : here;
  const detail = `Line ${here.line} names another hash than the record before it has.`;
  return fault('edited', culprit, detail);
}

async function next(rest: Rest): Promise<Place | undefined> {
  const { value } = await rest.next();
  if (!value) return undefined;
  const record = parseRecord(value.text);
  return typeof record === 'string' ? undefined : { ...record, line: value.line };
}

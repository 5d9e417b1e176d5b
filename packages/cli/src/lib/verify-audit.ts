import { type AuditFault, type AuditProof, readAuditLines, type VerifyOptions, verifyAuditLog } from 'guestpass/audit';
import { exitCodes } from './exit-codes.ts';
import { codeOf, misuse } from './misuse.ts';
import { type OutputFlags, paintFor } from './output.ts';
import type { Surroundings } from './surroundings.ts';
import { complaint } from './tell-error.ts';
import { columns, jsonDocument } from './text.ts';

export interface VerifyFlags extends OutputFlags {
  /** `sequence:hash` of a record that must be there. */
  readonly head?: string;
}

/** Checks an audit log and tells what was found. Resolves with the exit code. */
export async function verifyAudit(path: string, surroundings: Surroundings, flags: VerifyFlags): Promise<number> {
  const result = await verify(path, flags.head === undefined ? {} : { expectedHead: readHead(flags.head) });
  if (flags.json) surroundings.terminal.out(jsonDocument(result));
  else if (result.ok) surroundings.terminal.out(proofText(result, surroundings, flags));
  if (!result.ok) surroundings.terminal.err(faultText(result, surroundings, flags));
  return result.ok ? exitCodes.done.code : exitCodes.problem.code;
}

async function verify(path: string, options: VerifyOptions): Promise<AuditProof | AuditFault> {
  try {
    return await verifyAuditLog(readAuditLines(path), options);
  } catch (error) {
    throw misuse('<file>', `cannot be read${codeOf(error)}`, 'Name a readable JSON lines file.');
  }
}

function readHead(text: string): NonNullable<VerifyOptions['expectedHead']> {
  const [, sequence, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (hash !== undefined) return { sequence: Number(sequence), hash };
  const detail = 'must be a number, a colon and 64 hexadecimal digits';
  throw misuse('--head', detail, 'Give the head as an earlier verification printed it.');
}

function proofText({ records, head }: AuditProof, surroundings: Surroundings, flags: VerifyFlags): string {
  const paint = paintFor('out', surroundings, flags);
  const verdict = `${paint.green('✓')} The audit log is whole: ${records} ${records === 1 ? 'record' : 'records'}.\n`;
  if (flags.quiet) return verdict;
  const advice = flags.head === undefined ? 'Keep the head elsewhere: with --head, a log cut off shows too.\n' : '';
  return verdict + columns([['head', `${head.sequence}:${head.hash}`]]) + advice;
}

function faultText(
  { line, sequence, kind, detail }: AuditFault,
  surroundings: Surroundings,
  flags: VerifyFlags,
): string {
  return complaint(
    {
      verdict: 'Broken',
      what: `record ${sequence} on line ${line}: ${kind}.`,
      faults: [],
      why: detail,
      hints: [],
      next: 'Keep the file as evidence, and compare it with a copy from before.',
      ids: [`line ${line}`, kind],
    },
    paintFor('err', surroundings, flags),
  );
}

import { isGuestpassError } from 'guestpass';
import { readAuditLines, verifyAuditLog, verifyExport } from 'guestpass/audit';
import { type Evidence, readEvidence, type VerifyFlags } from './audit-evidence.ts';
import { exitCodes } from './exit-codes.ts';
import { codeOf, misuse } from './misuse.ts';
import type { Surroundings } from './surroundings.ts';
import { exportText, faultText, logText, type Verdict } from './tell-verdict.ts';
import { jsonDocument } from './text.ts';

/** Checks an audit log, or an export of one, and tells what was found. Resolves with the exit code. */
export async function verifyAudit(path: string, surroundings: Surroundings, flags: VerifyFlags): Promise<number> {
  const verdict = await verify(path, readEvidence(flags, surroundings));
  const { terminal } = surroundings;
  if (flags.json) terminal.out(jsonDocument(verdict));
  else if (verdict.ok) {
    const tell = 'manifest' in verdict ? exportText(verdict, flags) : logText(verdict, flags);
    terminal.out(tell(surroundings));
  }
  if (!verdict.ok) terminal.err(faultText(verdict, flags)(surroundings));
  return verdict.ok ? exitCodes.done.code : exitCodes.problem.code;
}

async function verify(path: string, { manifest, ...evidence }: Evidence): Promise<Verdict> {
  try {
    if (manifest !== undefined) return await verifyExport(path, manifest, evidence);
    return await verifyAuditLog(readAuditLines(path), evidence);
  } catch (error) {
    if (isGuestpassError(error)) throw error;
    throw misuse('<file>', `cannot be read${codeOf(error)}`, 'Name a readable JSON lines file.');
  }
}

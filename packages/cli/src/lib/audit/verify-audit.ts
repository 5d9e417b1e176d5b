import { isGuestpassError } from 'guestpass';
import { readAuditLines, verifyAuditLog, verifyExport, verifyExports } from 'guestpass/audit';
import { exitCodes } from '../terminal/exit-codes.ts';
import { codeOf, misuse } from '../terminal/misuse.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { jsonDocument } from '../terminal/text.ts';
import { type Evidence, readEvidence, type VerifyFlags } from './audit-evidence.ts';
import { exportsText, exportText, faultText, logText, type Verdict } from './tell-verdict.ts';

/** Checks an audit log, or exports of one, and tells what was found. Resolves with the exit code. */
export async function verifyAudit(
  paths: readonly string[],
  surroundings: Surroundings,
  flags: VerifyFlags,
): Promise<number> {
  const verdict = await verify(paths, await readEvidence(paths.length, flags, surroundings));
  const { terminal } = surroundings;
  if (flags.json) terminal.out(jsonDocument(verdict));
  else if (verdict.ok) terminal.out(praiseOf(verdict, flags)(surroundings));
  if (!verdict.ok) terminal.err(faultText(verdict, { ...flags, paths })(surroundings));
  return verdict.ok ? exitCodes.done.code : exitCodes.problem.code;
}

function praiseOf(verdict: Extract<Verdict, { readonly ok: true }>, flags: VerifyFlags) {
  if ('manifests' in verdict) return exportsText(verdict, flags);
  return 'manifest' in verdict ? exportText(verdict, flags) : logText(verdict, flags);
}

async function verify(paths: readonly string[], { manifests = [], ...evidence }: Evidence): Promise<Verdict> {
  const [path = '', ...others] = paths;
  const [manifest] = manifests;
  try {
    if (manifest === undefined) return await verifyAuditLog(readAuditLines(path), evidence);
    if (others.length === 0) return await verifyExport(path, manifest, evidence);
    const files = paths.map((one, index) => ({ path: one, manifest: manifests[index] ?? '' }));
    return await verifyExports(files, evidence);
  } catch (error) {
    if (isGuestpassError(error)) throw error;
    throw misuse('<file>', `cannot be read${codeOf(error)}`, 'Name a readable JSON lines file.');
  }
}

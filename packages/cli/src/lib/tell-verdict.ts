import type { AuditFault, AuditProof, ExportProof, ManifestFault } from 'guestpass/audit';
import type { VerifyFlags } from './audit-evidence.ts';
import { paintFor } from './output.ts';
import type { Surroundings } from './surroundings.ts';
import { type Complaint, complaint } from './tell-error.ts';
import { columns, printable } from './text.ts';

/** What a check found. */
export type Verdict = AuditProof | ExportProof | AuditFault | ManifestFault;

type Tell = (surroundings: Surroundings) => string;
type Rows = readonly (readonly [label: string, value: string])[];

/** Tells that a log is whole, and how far that is proven. */
export function logText(proof: AuditProof, flags: VerifyFlags): Tell {
  const { records, head } = proof;
  const rows: Rows = [['head', `${head.sequence}:${head.hash}`], ...checkpointRows(proof)];
  const trusted = flags.head !== undefined || flags.checkpoints !== undefined;
  const advice = trusted ? unvouched(proof) : 'Keep the head elsewhere: with --head, a log cut off shows too.\n';
  return praise(`The audit log is whole: ${counted(records)}.`, columns(rows) + advice, flags);
}

/** Tells that an export is what its manifest says. */
export function exportText({ manifest, signed, records }: ExportProof, flags: VerifyFlags): Tell {
  const { from, to, count, head, generatedAt, tool, kid = '' } = manifest;
  const rows: Rows = [
    ['records', count === 0 ? 'none' : `${from} to ${to} of ${head.sequence}`],
    ['exported', `${generatedAt} by ${printable(tool)}`],
    ['manifest', signed ? `signed with key ${kid}` : 'not checked for a signature'],
    ...(records ? checkpointRows(records) : tableRows(flags)),
  ];
  const advice = signed ? '' : 'With --public-key, a manifest that somebody else wrote shows too.\n';
  return praise(`The export is whole: ${counted(count)}.`, columns(rows) + advice, flags);
}

/** Tells what is wrong first, and by what it was found. */
export function faultText(fault: AuditFault | ManifestFault, flags: VerifyFlags): Tell {
  const told = 'line' in fault ? ofRecord(fault, flags) : { what: 'the manifest.', ids: ['manifest'] };
  return (surroundings) =>
    complaint(
      {
        verdict: 'Broken',
        faults: [],
        why: fault.detail,
        hints: [],
        next: 'Keep the file as evidence, and compare it with a copy from before.',
        ...told,
      },
      paintFor('err', surroundings, flags),
    );
}

function ofRecord(
  { line, sequence, kind, checkpoint }: AuditFault,
  flags: VerifyFlags,
): Pick<Complaint, 'what' | 'ids'> & Partial<Complaint> {
  const file = checkpoint && flags.checkpoints?.[checkpoint.file];
  const hints = file === undefined ? [] : [['Told by', `${file} line ${checkpoint?.line ?? 0}`] as const];
  const what = kind === 'checkpoint' ? 'the checkpoints.' : `record ${sequence} on line ${line}: ${kind}.`;
  return { what, hints, ids: [`line ${line}`, kind] };
}

function checkpointRows({ checkpoints }: AuditProof): Rows {
  return checkpoints ? [['checkpoints', `${checkpoints.met}, up to record ${checkpoints.upTo}`]] : [];
}

/** A table shows what the records say, and not the text that was hashed. */
function tableRows({ checkpoints }: VerifyFlags): Rows {
  return checkpoints ? [['checkpoints', 'not checked: they need an export as JSON lines']] : [];
}

function unvouched({ checkpoints, head }: AuditProof): string {
  if (!checkpoints || checkpoints.upTo === head.sequence) return '';
  return `What stands behind record ${checkpoints.upTo} has no checkpoint yet.\n`;
}

function praise(verdict: string, more: string, flags: VerifyFlags): Tell {
  return (surroundings) => {
    const first = `${paintFor('out', surroundings, flags).green('✓')} ${verdict}\n`;
    return flags.quiet ? first : first + more;
  };
}

function counted(records: number): string {
  return `${records} ${records === 1 ? 'record' : 'records'}`;
}

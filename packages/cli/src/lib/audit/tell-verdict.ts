import type {
  AuditFault,
  AuditProof,
  ExportFilter,
  ExportManifest,
  ExportProof,
  ExportsFault,
  ExportsProof,
  ManifestFault,
} from 'guestpass/audit';
import { paintFor } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { type Complaint, complaint } from '../terminal/tell-error.ts';
import { columns, printable } from '../terminal/text.ts';
import type { VerifyFlags } from './audit-evidence.ts';

/** What a check found. */
export type Verdict = AuditProof | ExportProof | ExportsProof | AuditFault | ManifestFault | ExportsFault;

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
export function exportText(proof: ExportProof, flags: VerifyFlags): Tell {
  const { manifest, signed, records, picked } = proof;
  const { from, to, count, head, generatedAt, tool, kid = '', filter } = manifest;
  const rows: Rows = [
    ['records', count === 0 ? 'none' : `${from} to ${to} of ${head.sequence}`],
    ...(filter ? [['filter', filterText(filter)] as const] : []),
    ...beginningRows(manifest),
    ['exported', `${generatedAt} by ${printable(tool)}`],
    ['manifest', signed ? `signed with key ${kid}` : unsigned],
    ...(records ? checkpointRows(records) : []),
    ...(picked?.met === undefined ? [] : [['checkpoints', `${picked.met}`] as const]),
    ...(manifest.format === 'csv' ? tableRows(flags) : []),
  ];
  const verdict = filter
    ? `The export is what was written: ${counted(count)}, picked by a filter.`
    : `The export is whole: ${counted(count)}.`;
  return praise(verdict, columns(rows) + (filter ? filterAdvice(proof) : '') + signatureAdvice(signed), flags);
}

/** Tells that several exports are one log. */
export function exportsText({ manifests, signed, records }: ExportsProof, flags: VerifyFlags): Tell {
  const { after, head } = records;
  const [first] = manifests;
  const rows: Rows = [
    ['records', records.records === 0 ? 'none' : `${after.sequence + 1} to ${head.sequence}`],
    ...(first ? beginningRows(first) : []),
    ['head', `${head.sequence}:${head.hash}`],
    [
      'manifests',
      signed ? `signed with ${[...new Set(manifests.map(({ kid = '' }) => `key ${kid}`))].join(', ')}` : unsigned,
    ],
    ...checkpointRows(records),
  ];
  const verdict = `The ${manifests.length} exports are one whole log: ${counted(records.records)}.`;
  return praise(verdict, columns(rows) + signatureAdvice(signed), flags);
}

const unsigned = 'not checked for a signature';

function signatureAdvice(signed: boolean): string {
  return signed ? '' : 'With --public-key, a manifest that somebody else wrote shows too.\n';
}

function filterText({ attemptIds, eventTypes, since, until }: ExportFilter): string {
  const words = [
    attemptIds && `attempt ${attemptIds.join(', ')}`,
    eventTypes && `type ${eventTypes.join(', ')}`,
    since !== undefined && `since ${since}`,
    until !== undefined && `until ${until}`,
  ];
  return printable(words.filter(Boolean).join('; '));
}

function filterAdvice({ picked }: ExportProof): string {
  if (!picked) return 'Whether a record was left out cannot be told from a filtered export.\n';
  return 'Each record is as it was hashed. Whether one was left out cannot be told from a filtered export.\n';
}

/** Where the log began, when it was not at record 1. */
function beginningRows({ genesis }: ExportManifest): Rows {
  return genesis ? [['log begins', `behind record ${genesis.sequence}; what came before was archived`]] : [];
}

/** What was checked, and how. */
interface CheckedFiles extends VerifyFlags {
  readonly paths: readonly string[];
}

/** Tells what is wrong first, and by what it was found. */
export function faultText(fault: AuditFault | ManifestFault | ExportsFault, flags: CheckedFiles): Tell {
  const path = 'file' in fault ? flags.paths[fault.file] : undefined;
  const told = 'line' in fault ? ofRecord(fault, flags) : { what: 'the manifest.', ids: ['manifest'] };
  const hints = [...(path === undefined ? [] : [['In', printable(path)] as const]), ...(told.hints ?? [])];
  return (surroundings) =>
    complaint(
      {
        verdict: 'Broken',
        faults: [],
        why: fault.detail,
        next: 'Keep the file as evidence, and compare it with a copy from before.',
        ...told,
        hints,
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

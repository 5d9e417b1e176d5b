// Writes docs/errors.md from the table of codes, so that page and code cannot disagree.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorEntry, errorTable } from 'guestpass';

/** Where the page stands. */
export const errorsPage = join(import.meta.dirname, '..', 'docs', 'errors.md');

const opening = `# Errors

<!-- Written by \`npm run docs\` from the table of codes in the SDK. Change the table, not this page. -->

Every refusal and failure carries one of these codes. \`code\` is stable: switch on it, never on the message. In the SDK it
stands on \`GuestpassError\` and on attempts that were not admitted; over HTTP it stands in an \`application/problem+json\`
answer (RFC 9457). *Retryable* says whether the same call may succeed later without anybody changing anything.`;

const statusOf = (entry: ErrorEntry) => (entry.httpStatus === null ? 'none: not over HTTP' : String(entry.httpStatus));

const retryableOf = (entry: ErrorEntry) => (entry.retryable ? 'yes' : 'no');

function summaryRow([code, entry]: [string, ErrorEntry]): string {
  return `| [\`${code}\`](#${code}) | ${statusOf(entry)} | ${retryableOf(entry)} | ${entry.meaning} |`;
}

function section([code, entry]: [string, ErrorEntry]): string {
  return `## ${code}

${entry.meaning}

- **Cause:** ${entry.cause}
- **Tell the visitor:** ${entry.visitor}
- **What to do:** ${entry.remedy}
- **Retryable:** ${retryableOf(entry)}
- **HTTP status:** ${statusOf(entry)}`;
}

/** The page as it should read now. */
export function renderErrors(): string {
  const entries: [string, ErrorEntry][] = Object.entries(errorTable);
  const summary = [
    '| Code | HTTP status | Retryable | Meaning |',
    '| --- | --- | --- | --- |',
    ...entries.map(summaryRow),
  ];
  return `${[opening, summary.join('\n'), ...entries.map(section)].join('\n\n')}\n`;
}

if (import.meta.main) writeFileSync(errorsPage, renderErrors());

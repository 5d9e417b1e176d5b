// Writes docs/errors.md from the tables of codes, so that page and code cannot disagree.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gatewayErrorTable } from '@guestpass/gateway/errors';
import { type ErrorEntry, errorTable } from 'guestpass';

/** Where the page stands. */
export const errorsPage = join(import.meta.dirname, '..', 'docs', 'errors.md');

const opening = `# Errors

<!-- Written by \`npm run docs\` from the tables of codes in the SDK and the gateway. Change the tables, not this page. -->

Every refusal and failure carries one of these codes. \`code\` is stable: switch on it, never on the message. In the SDK it
stands on \`GuestpassError\` and on attempts that were not admitted; over HTTP it stands in an \`application/problem+json\`
answer (RFC 9457), whose \`type\` leads to the code's place on a page like this one. *Retryable* says whether the same call
may succeed later without anybody changing anything.`;

const gatewayOpening = `These are told by the gateway alone, on its public or its operator listener:`;

type Listed = [string, ErrorEntry];

const statusOf = (entry: ErrorEntry) => (entry.httpStatus === null ? 'none: not over HTTP' : String(entry.httpStatus));

const retryableOf = (entry: ErrorEntry) => (entry.retryable ? 'yes' : 'no');

function summaryRow([code, entry]: Listed): string {
  return `| [\`${code}\`](#${code}) | ${statusOf(entry)} | ${retryableOf(entry)} | ${entry.meaning} |`;
}

function summary(entries: readonly Listed[]): string {
  const head = ['| Code | HTTP status | Retryable | Meaning |', '| --- | --- | --- | --- |'];
  return [...head, ...entries.map(summaryRow)].join('\n');
}

function section([code, entry]: Listed): string {
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
  const common: Listed[] = Object.entries(errorTable);
  const ofGateway: Listed[] = Object.entries(gatewayErrorTable);
  const sections = [...common, ...ofGateway].map(section);
  return `${[opening, summary(common), gatewayOpening, summary(ofGateway), ...sections].join('\n\n')}\n`;
}

if (import.meta.main) writeFileSync(errorsPage, renderErrors());

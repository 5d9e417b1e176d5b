import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { readAuditLines, verifyAuditLog } from 'guestpass/audit';
import { codeOf } from '../terminal/misuse.ts';
import { type Check, type Finding, ok, problem, skipped, warning } from './check.ts';

/** Is the audit log whole, and can it grow? */
export function auditChecks(path: string | undefined): readonly Check[] {
  if (path === undefined) {
    const look = async () => skipped('no GUESTPASS_AUDIT_FILE is set');
    return [
      { name: 'audit chain', look },
      { name: 'disk', look },
    ];
  }
  return [
    { name: 'audit chain', limitMs: 30_000, look: (signal) => lookAtChain(path, signal) },
    { name: 'disk', look: () => lookAtDisk(path) },
  ];
}

async function lookAtChain(path: string, signal: AbortSignal): Promise<Finding> {
  if (!(await isThere(path))) return ok('the file is not there yet');
  const found = await verifyAuditLog(until(signal, readAuditLines(path)));
  if (!found.ok) {
    return problem(
      `Record ${found.sequence} on line ${found.line} is broken: ${found.kind}.`,
      `Run guestpass audit verify ${path}, and keep the file as evidence.`,
    );
  }
  return ok(`whole: ${found.records} records, head ${found.head.sequence}:${found.head.hash}`);
}

async function* until(signal: AbortSignal, lines: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  for await (const line of lines) {
    signal.throwIfAborted();
    yield line;
  }
}

const fewBytes = 100 * 1024 * 1024;

async function lookAtDisk(path: string): Promise<Finding> {
  const place = await nearest(resolve(path));
  try {
    await access(place, constants.W_OK);
  } catch (error) {
    return problem(`${place} cannot be written${codeOf(error)}.`, 'Give this user the right, or name another file.');
  }
  const { bavail, bsize } = await statfs(place);
  const free = `${Math.floor((bavail * bsize) / 1_048_576)} MiB`;
  if (bavail * bsize < fewBytes) return warning(`Only ${free} are free at ${place}.`, 'Make room: records need it.');
  return ok(`${place} can be written, ${free} are free`);
}

/** The file, or the folder it would be made in: that and those above it are made on the way. */
async function nearest(path: string): Promise<string> {
  for (let place = path; ; place = dirname(place)) {
    if ((await isThere(place)) || place === dirname(place)) return place;
  }
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** Does the database answer? */
export function databaseCheck(url: string | undefined): Check {
  const name = 'database';
  if (url === undefined) return { name, look: async () => skipped('no GUESTPASS_DATABASE_URL is set') };
  return {
    name,
    look: async () => {
      // The gateway is much to load, and most have no database to look at.
      const { probeDatabase } = await import('@guestpass/gateway');
      const { version, lastMigration } = await probeDatabase(url, 4_500);
      return ok(`PostgreSQL ${version}, ${lastMigration ? `at ${lastMigration}` : 'not used by a gateway yet'}`);
    },
  };
}

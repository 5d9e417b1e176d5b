import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { run } from './run.ts';
import { root, type WorkspacePackage } from './workspace.ts';

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** `npm pack --json` has answered with an array, and in later versions with an object keyed by package name. */
function packedOf(answer: string): Packed {
  const parsed: unknown = JSON.parse(answer);
  // npm's own answer: one package was asked for, so one record comes back.
  return Object.values(parsed as Record<string, Packed>)[0] as Packed;
}

const installedAt = (name: string, consumer: string) => join(consumer, 'node_modules', name);

function linkDependencies(one: WorkspacePackage, consumer: string): void {
  for (const name of one.dependencies) {
    const link = installedAt(name, consumer);
    mkdirSync(dirname(link), { recursive: true });
    // npm keeps a dependency beside its package when it cannot be shared.
    const own = join(one.folder, 'node_modules', name);
    try {
      symlinkSync(existsSync(own) ? own : join(root, 'node_modules', name), link);
    } catch (error) {
      // Two packages share a dependency, or it is one of ours, unpacked before.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Tests, what they read, and what plays the other end in them. */
const isOfTests = (path: string) => /\.test\.|\.jsonl$|\/testing\/(?:memory-socket|messaging-platform)\./.test(path);

/** Packs one package and unpacks it into the consumer's node_modules. Returns the number of files; throws when one of tests is among them. */
export function installPacked(one: WorkspacePackage, consumer: string): number {
  const packed = packedOf(run('npm', ['pack', '--json', '--pack-destination', consumer], one.folder));
  const tests = packed.files.filter(({ path }) => isOfTests(path));
  if (tests.length > 0) throw new Error(`${one.name} would publish tests: ${tests.map(({ path }) => path).join(', ')}`);
  const target = installedAt(one.name, consumer);
  mkdirSync(target, { recursive: true });
  run('tar', ['-xzf', join(consumer, packed.filename), '-C', target, '--strip-components=1']);
  linkDependencies(one, consumer);
  return packed.files.length;
}

/** Imports every entry in a child process that knows nothing of the sources, and sees that each exports something. */
export function importEntries(packages: readonly WorkspacePackage[], consumer: string): void {
  const entries = packages.flatMap((one) => one.entries);
  const source = entries.map((entry, index) => `import * as entry${index} from '${entry}';`);
  const names = entries.map((entry, index) => `[${JSON.stringify(entry)}, entry${index}]`);
  source.push(`for (const [name, entry] of [${names.join(', ')}]) {`);
  source.push('  if (Object.keys(entry).length === 0) throw new Error(`' + '$' + '{name} exports nothing`);', '}');
  writeFileSync(join(consumer, 'import-all.mjs'), source.join('\n'));
  run('node', ['import-all.mjs'], consumer);
}

/** Checks the declarations of every entry with the strictest reading a user may choose. */
export function typeCheckEntries(packages: readonly WorkspacePackage[], consumer: string): void {
  const entries = packages.flatMap((one) => one.entries);
  const lines = entries.map((entry, index) => `import * as entry${index} from '${entry}';\nvoid entry${index};`);
  writeFileSync(join(consumer, 'consumer.mts'), lines.join('\n'));
  mkdirSync(join(consumer, 'node_modules', '@types'), { recursive: true });
  symlinkSync(join(root, 'node_modules', '@types', 'node'), installedAt('@types/node', consumer));
  const strictest = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2024'];
  const library = ['--types', 'node', '--lib', 'es2024,esnext.disposable,esnext.iterator'];
  run('tsc', [...strictest, ...library, '--module', 'nodenext', 'consumer.mts'], consumer);
  run('tsc', [...strictest, ...library, '--module', 'preserve', 'consumer.mts'], consumer);
}

/** Checks the declarations that a page gets, with no types of Node and with the library of an older browser. */
export function typeCheckPage(consumer: string): void {
  writeFileSync(join(consumer, 'page.mts'), "import * as session from 'guestpass/session';\nvoid session;\n");
  const flags = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom'];
  run('tsc', [...flags, '--module', 'preserve', '--customConditions', 'browser', 'page.mts'], consumer);
}

/** Has a CommonJS program require every entry. */
export function requireEntries(packages: readonly WorkspacePackage[], consumer: string): void {
  const entries = packages.flatMap((one) => one.entries);
  writeFileSync(join(consumer, 'require-all.cjs'), entries.map((entry) => `require('${entry}');`).join('\n'));
  run('node', ['require-all.cjs'], consumer);
}

/** Holds the unpacked package to publint's rules; a warning is a fault. */
export async function lintPackage(one: WorkspacePackage, consumer: string): Promise<void> {
  const folder = installedAt(one.name, consumer);
  const { messages } = await publint({ pkgDir: folder, pack: false, level: 'warning' });
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const said = messages.map((message) => formatMessage(message, manifest as Record<string, unknown>));
  if (said.length > 0) throw new Error(`${one.name}:\n${said.join('\n')}`);
}

// Emits dist/ of every package that has a tsconfig.build.json, then uses the packed result as somebody who installed it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  importEntries,
  installPacked,
  lintPackage,
  requireEntries,
  typeCheckEntries,
  typeCheckPage,
} from './build/installed.ts';
import { run } from './build/run.ts';
import { publishedPackages } from './build/workspace.ts';

/** Builds everything and checks it in a throw-away folder of somebody who installed the packages. */
async function build(): Promise<void> {
  const packages = publishedPackages();
  for (const { folder, name } of packages) {
    rmSync(join(folder, 'dist'), { recursive: true, force: true });
    run('tsc', ['-p', join(folder, 'tsconfig.build.json')]);
    console.log(`emitted       ${name}`);
  }
  const consumer = mkdtempSync(join(tmpdir(), 'guestpass-build-'));
  try {
    for (const one of packages) console.log(`packed        ${one.name}, ${installPacked(one, consumer)} files`);
    importEntries(packages, consumer);
    requireEntries(packages, consumer);
    console.log('imported      every entry');
    typeCheckEntries(packages, consumer);
    typeCheckPage(consumer);
    console.log('type-checked  every entry');
    for (const one of packages) await lintPackage(one, consumer);
    console.log('linted        every package (publint)');
  } finally {
    rmSync(consumer, { recursive: true, force: true });
  }
}

try {
  await build();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const face = join(import.meta.dirname, '..', '..', 'session-browser.ts');

/** Every file and package that a file of ours loads, directly or not. Types are not loaded. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const statements = readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s(?!type\s)[^;]*?from '([^']+)';/gm);
  for (const [, specifier = ''] of statements) {
    if (specifier.startsWith('.')) loadedBy(join(dirname(file), specifier), seen);
    else seen.add(specifier);
  }
  return seen;
}

test('what browsers load of a session needs nothing of Node', () => {
  const loaded = [...loadedBy(face)];
  expect(loaded.map((path) => relative(dirname(face), path))).toContain('lib/session/channel.ts');
  expect(loaded.filter((path) => !path.startsWith('/'))).toEqual(['zod']);
  const globals = loaded.filter((path) => path.startsWith('/') && /\bBuffer\./.test(readFileSync(path, 'utf8')));
  expect(globals).toEqual([]);
});

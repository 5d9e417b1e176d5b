import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const stamp = join(root, 'packages', 'console', 'dist', '.stamp');

const build = () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'build-console.mjs')], {
    encoding: 'utf8',
  });
  return { status, stderr, stampedMs: statSync(stamp).mtimeMs };
};

test('pages that are up to date are not built again', () => {
  const { stampedMs } = build();
  expect(build()).toEqual({ status: 0, stderr: '', stampedMs });
});

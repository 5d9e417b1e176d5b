import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { root } from './workspace.ts';

/** Runs a command to its end, with the pinned tools first on the path, and returns what it printed. Throws when it fails. */
export function run(command: string, args: readonly string[], cwd: string = root): string {
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, PATH: path }, maxBuffer: 1e8 });
  if (done.status !== 0) {
    const said = done.error?.message ?? `${done.stdout}${done.stderr}`;
    throw new Error(`${command} ${args.join(' ')} failed in ${cwd}:\n${said}`);
  }
  return done.stdout;
}

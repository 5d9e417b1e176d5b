import { execFile } from 'node:child_process';

/** Whom a program runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** A program, with arguments, that starts the one behind it as this account; without it the account is taken on directly. */
  readonly by?: readonly string[];
}

/** How a program ended, and what it said. */
export interface Ended {
  /** 127 when the program could not be started, -1 when a signal ended it. */
  readonly exitCode: number;
  readonly output: string;
}

/** What to start so that a program runs as an account. */
export interface Command {
  readonly path: string;
  readonly args: readonly string[];
  readonly ids: { readonly uid?: number; readonly gid?: number };
}

/** Runs as whoever runs this process when no account is given. */
export function commandAs(account: Account | undefined, path: string, args: readonly string[]): Command {
  if (!account) return { path, args, ids: {} };
  const { by, uid, gid } = account;
  const [starter, ...options] = by ?? [];
  return starter === undefined
    ? { path, args, ids: { uid, gid } }
    : { path: starter, args: [...options, path, ...args], ids: {} };
}

/** Runs a program to its end, as another account when one is given. Never rejects. */
export function runProgram(path: string, args: readonly string[], account?: Account): Promise<Ended> {
  const command = commandAs(account, path, args);
  return new Promise((resolve) => {
    execFile(
      command.path,
      [...command.args],
      { ...command.ids, cwd: '/', timeout: 120_000 },
      (error, stdout, stderr) => {
        if (typeof error?.code === 'string')
          resolve({ exitCode: 127, output: `${path} cannot be run (${error.code})` });
        else resolve({ exitCode: error ? (error.code ?? -1) : 0, output: `${stdout}${stderr}`.trim() });
      },
    );
  });
}

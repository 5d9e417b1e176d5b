import { execFile } from 'node:child_process';

/** Whom a program runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** How a program ended, and what it said. */
export interface Ended {
  /** 127 when the program could not be started, -1 when a signal ended it. */
  readonly exitCode: number;
  readonly output: string;
}

/** Runs a program to its end, as another account when one is given. Never rejects. */
export function runProgram(path: string, args: readonly string[], account?: Account): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(path, [...args], { ...account, cwd: '/', timeout: 120_000 }, (error, stdout, stderr) => {
      if (typeof error?.code === 'string') resolve({ exitCode: 127, output: `${path} cannot be run (${error.code})` });
      else resolve({ exitCode: error ? (error.code ?? -1) : 0, output: `${stdout}${stderr}`.trim() });
    });
  });
}

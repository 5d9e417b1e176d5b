/** The environment's variables that matter here. */
type Env = Readonly<Record<string, string | undefined>>;

export interface Machine {
  readonly isDebian: boolean;
  readonly isRoot: boolean;
}

/** Why there is no Chromium, and what to do about it. */
export interface Missing {
  readonly what: string;
  readonly next: string;
}

/** Runs a command to its end with the given environment. */
export type Run = (command: string, args: readonly string[], env: Env) => { readonly status: number | null };

export function findChromium(env: Env): string | undefined;
export function readMachine(): Machine;
export function provideChromium(env: Env, machine: Machine, run: Run): Missing | undefined;

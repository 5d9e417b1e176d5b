import picocolors from 'picocolors';
import type { Surroundings, Terminal } from './surroundings.ts';

/** Flags that every command knows. */
export interface OutputFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
  /** False with `--no-color`. */
  readonly color?: boolean;
  /** False with `--no-input`. */
  readonly input?: boolean;
}

export type Paint = ReturnType<typeof picocolors.createColors>;

/** Colors for one stream: on a terminal, unless the flag or `NO_COLOR` (no-color.org) says otherwise. */
export function paintFor(
  stream: 'out' | 'err',
  { terminal, env }: Pick<Surroundings, 'terminal' | 'env'>,
  flags: OutputFlags,
): Paint {
  const isTty = stream === 'out' ? terminal.outIsTty : terminal.errIsTty;
  return picocolors.createColors(isTty && flags.color !== false && !env.NO_COLOR && env.TERM !== 'dumb');
}

/** Says something on standard error, unless the user wants quiet. */
export function say(terminal: Terminal, { quiet }: OutputFlags, text: string): void {
  if (!quiet) terminal.err(text);
}

import type { Command } from 'commander';
import type { OutputFlags } from './output.ts';

/** What a parsed command line wants done. */
export interface Job {
  readonly flags: OutputFlags;
  /** Resolves with the exit code. */
  readonly start: () => Promise<number>;
}

/** Takes the work of the command that was asked for. Its flags are those the command's options declare. */
export type Choose = <Flags extends OutputFlags>(command: Command, work: (flags: Flags) => Promise<number>) => void;

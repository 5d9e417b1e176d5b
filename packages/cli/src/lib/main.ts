import { CommanderError } from 'commander';
import { exitCodes } from './exit-codes.ts';
import type { Job } from './job.ts';
import { parseJob } from './program.ts';
import type { Surroundings } from './surroundings.ts';

/** Runs one command line. Resolves with the exit code and never rejects. */
export async function main(surroundings: Surroundings): Promise<number> {
  let job: Job;
  try {
    job = parseJob(surroundings);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCodes.done.code;
    if (surroundings.argv.includes('--json')) {
      const { misread } = await import('./misread.ts');
      surroundings.terminal.out(misread(error));
    }
    return exitCodes.usage.code;
  }
  try {
    return await job.start();
  } catch (error) {
    const { tellMalfunction } = await import('./tell-malfunction.ts');
    return tellMalfunction(error, surroundings, job.flags);
  }
}

import { CommanderError } from 'commander';
import { parseJob } from './program.ts';
import { exitCodes } from './terminal/exit-codes.ts';
import type { Job } from './terminal/job.ts';
import type { Surroundings } from './terminal/surroundings.ts';

/** Runs one command line. Resolves with the exit code and never rejects. */
export async function main(surroundings: Surroundings): Promise<number> {
  let job: Job;
  try {
    job = parseJob(surroundings);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCodes.done.code;
    if (surroundings.argv.includes('--json')) {
      const { misread } = await import('./terminal/misread.ts');
      surroundings.terminal.out(misread(error));
    }
    return exitCodes.usage.code;
  }
  try {
    return await job.start();
  } catch (error) {
    const { tellMalfunction } = await import('./terminal/tell-malfunction.ts');
    return tellMalfunction(error, surroundings, job.flags);
  }
}

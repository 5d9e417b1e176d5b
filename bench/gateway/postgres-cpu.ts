import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Ticks of the kernel's clock in a second; Linux has told programs 100 for ever. */
const ticksPerSecond = 100;

/**
 * CPU time a PostgreSQL server has used so far, ended backends included, in microseconds. `undefined` where there is no
 * `/proc`.
 */
export function postgresCpuMicros(directory: string): number | undefined {
  try {
    const [pid = ''] = readFileSync(join(directory, 'cluster', 'postmaster.pid'), 'utf8').split('\n');
    const ticks = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ticksOf(name, pid))
      .reduce((sum, one) => sum + one, 0);
    return (ticks / ticksPerSecond) * 1e6;
  } catch {
    return undefined;
  }
}

/** `/proc/<pid>/stat`: after the name in brackets, the parent is the 2nd field, and times are the 12th to the 15th. */
function ticksOf(process: string, postmaster: string): number {
  try {
    const fields = readFileSync(`/proc/${process}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const times = fields.slice(11, 15).map(Number);
    if (process === postmaster) return times.reduce((sum, one) => sum + one, 0);
    return fields[1] === postmaster ? (times[0] ?? 0) + (times[1] ?? 0) : 0;
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}

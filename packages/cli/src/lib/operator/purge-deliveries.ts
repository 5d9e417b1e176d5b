import { systemClock } from 'guestpass';
import { exitCodes } from '../terminal/exit-codes.ts';
import { misuse } from '../terminal/misuse.ts';
import { type OutputFlags, say } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { jsonDocument } from '../terminal/text.ts';
import { asOperator } from './as-operator.ts';
import { confirm, counted } from './deliveries.ts';

export interface PurgeFlags extends OutputFlags {
  /** True for all that were given up. */
  readonly all?: boolean;
  /** Milliseconds, as text. */
  readonly olderThan?: string;
  readonly endpoint?: string;
  readonly reason: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

interface Purged {
  readonly dryRun: boolean;
  readonly count: number;
}

/** Deletes deliveries that were given up; a script has to say that it means it. Resolves with the exit code. */
export async function purgeDeliveries(
  id: string | undefined,
  surroundings: Surroundings,
  flags: PurgeFlags,
): Promise<number> {
  const filter = filterOf(id, surroundings, flags);
  const { terminal } = surroundings;
  const isAsked = terminal.inIsTty && flags.input !== false;
  if (!flags.dryRun && !flags.yes && !isAsked)
    throw misuse('--yes', 'is not given, and there is nobody to ask', 'Give -y to delete, or -n to count.');
  return await asOperator(surroundings, flags, async (api) => {
    const ask = (dryRun: boolean) =>
      api.post<Purged>('/v1/deliveries/purges', { dryRun, filter, reason: flags.reason });
    const preview = await ask(true);
    if (flags.dryRun || preview.count === 0) return tell(preview, surroundings, flags);
    const isMeant = await confirm(`Delete ${counted(preview.count)} for good?`, surroundings, flags);
    if (surroundings.signal.aborted) return exitCodes.interrupted.code;
    if (!isMeant) {
      say(terminal, flags, 'Nothing was deleted.\n');
      return exitCodes.failed.code;
    }
    return tell(await ask(false), surroundings, flags);
  });
}

function filterOf(id: string | undefined, { clock = systemClock }: Surroundings, flags: PurgeFlags): object {
  const { all, olderThan, endpoint } = flags;
  const isRange = all === true || olderThan !== undefined || endpoint !== undefined;
  if (id !== undefined && isRange)
    throw misuse('<id>', 'does not go with --all, --older-than or --endpoint', 'Give one.');
  if (id !== undefined) return { ids: [id] };
  if (!isRange) throw misuse('<id>', 'is not given, nor is --all', 'Say which deliveries are meant.');
  return {
    state: 'dead',
    ...(olderThan !== undefined && { to: new Date(clock.now() - Number(olderThan)).toISOString() }),
    ...(endpoint !== undefined && { endpointId: endpoint }),
  };
}

function tell({ dryRun, count }: Purged, { terminal }: Surroundings, flags: OutputFlags): number {
  if (flags.json) terminal.out(jsonDocument({ dryRun, count }));
  else if (count === 0) terminal.out('No delivery that was given up matches.\n');
  else if (dryRun) terminal.out(`${counted(count)} would be deleted. Nothing was changed.\n`);
  else terminal.out(`${counted(count)} ${count === 1 ? 'is' : 'are'} deleted.\n`);
  return exitCodes.done.code;
}

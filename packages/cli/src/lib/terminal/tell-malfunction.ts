import { errorTable, type Fault, type GuestpassError, isGuestpassError } from 'guestpass';
import { exitCodes, exitOfError } from './exit-codes.ts';
import { type OutputFlags, paintFor } from './output.ts';
import type { Surroundings } from './surroundings.ts';
import { type Complaint, complaint } from './tell-error.ts';
import { jsonDocument } from './text.ts';

/** Tells of an error that ended a command before it had a result, and returns the exit code. */
export function tellMalfunction(thrown: unknown, surroundings: Surroundings, flags: OutputFlags): number {
  if (surroundings.signal.aborted && !isGuestpassError(thrown)) return exitCodes.interrupted.code;
  if (!isGuestpassError(thrown)) return tellUnexpected(thrown, surroundings, flags);
  const { terminal } = surroundings;
  if (flags.json) terminal.out(jsonDocument({ error: thrown }));
  terminal.err(complaint(complaintOf(thrown), paintFor('err', surroundings, flags)));
  return exitCodes[exitOfError[thrown.code]].code;
}

function complaintOf({ code, detail, faults, remedy }: GuestpassError): Complaint {
  return {
    verdict: code === 'config_invalid' ? 'Not started' : 'Failed',
    what: detail,
    faults: code === 'config_invalid' ? faults.map(named) : faults,
    why: errorTable[code].cause,
    hints: [],
    next: remedy,
    ids: [code],
  };
}

/** Settings go by their names, not by pointers. */
function named({ pointer, detail }: Fault): Fault {
  return { pointer: pointer.slice(1), detail };
}

/** A mistake of ours, or a system error nobody foresaw. */
function tellUnexpected(thrown: unknown, { terminal, env }: Surroundings, flags: OutputFlags): number {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const paint = paintFor('err', { terminal, env }, flags);
  if (flags.json) terminal.out(jsonDocument({ error: { code: null, message: error.message, retryable: false } }));
  if (flags.debug) terminal.err(`${error.stack ?? ''}\n`);
  terminal.err(
    complaint(
      {
        verdict: 'Failed',
        what: `${error.name}: ${error.message}`,
        faults: [],
        why: 'Guestpass did not foresee this.',
        hints: [],
        next: flags.debug ? 'Report it with the lines above.' : 'Run it again with --debug, and report what it prints.',
        ids: ['malfunction'],
      },
      paint,
    ),
  );
  return exitCodes.failed.code;
}

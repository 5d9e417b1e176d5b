import { type Clock, isGuestpassError } from 'guestpass';
import { ExchangeError } from 'guestpass/http';
import { codeOf } from '../terminal/misuse.ts';
import { TimeLimitError, within } from '../time-limit.ts';
import { type Check, type Finding, problem } from './check.ts';

/** A finding, with what was checked and how long that took. */
export interface CheckedFinding extends Finding {
  readonly check: string;
  /** Milliseconds, one decimal. */
  readonly durationMs: number;
}

/** Runs all checks at once. Their findings come in the order of the checks, whichever ends first. */
export async function runChecks(
  checks: readonly Check[],
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<readonly CheckedFinding[]> {
  return await Promise.all(
    checks.map(async ({ name, limitMs = 5_000, look }) => {
      const startedAt = clock.monotonic();
      const finding = await within(look, { clock, limitMs, signal }).catch((error: unknown) => {
        if (signal.aborted) throw error;
        return findingOf(error);
      });
      return { check: name, ...finding, durationMs: Math.round((clock.monotonic() - startedAt) * 10) / 10 };
    }),
  );
}

/** Messages of others may quote what nobody should read, so only codes are taken over. */
function findingOf(error: unknown): Finding {
  if (isGuestpassError(error)) return problem(`${error.detail.replace(/\.$/, '')} (${error.code}).`, error.remedy);
  if (error instanceof ExchangeError) return problem(`No answer came (${error.failure}).`, reach);
  if (error instanceof TimeLimitError) return problem(error.message, reach);
  const name = error instanceof Error ? error.name : 'Unknown error';
  return problem(`${name}${codeOf(error)}.`, 'See what the system says of this code; the check could not be made.');
}

const reach = 'Look whether this machine can reach it: network, firewall, name and port.';

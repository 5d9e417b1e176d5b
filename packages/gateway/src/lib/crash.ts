import { type Clock, systemClock } from 'guestpass';
import type { GatewayConfig } from './settings/config.ts';
import { secretsOf } from './settings/log-secrets.ts';
import { createLog } from './watch/log.ts';

export interface CrashOptions {
  /** Where the line goes, newline included. */
  readonly write: (line: string) => void;
  readonly clock?: Clock;
}

/** How a gateway that nobody can vouch for any more is stopped: at once, with a moment for the guests under way. */
export const crashDrain: GatewayConfig['drain'] = { delayMs: 0, graceMs: 2_000 };

/** Writes the one log line of what nobody caught, by the rules of the log; a gateway that serves is not needed. */
export function tellCrash(config: GatewayConfig, { write, clock = systemClock }: CrashOptions, error: unknown): void {
  createLog({ clock, write, level: config.logLevel, secrets: secretsOf(config) }).crashed(error);
}

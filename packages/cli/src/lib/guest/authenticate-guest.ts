import { createGuestpass, type GuestpassOptions } from 'guestpass';
import type { LoadedConfig } from '../settings/load-config.ts';
import { exitCodes, exitOfAttempt } from '../terminal/exit-codes.ts';
import { type OutputFlags, paintFor } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { traceExchanges } from '../trace.ts';
import { hintsOf } from './hints.ts';
import { type GuestFlags, prepareGuest } from './prepare-guest.ts';
import { createRehearsal } from './rehearsal.ts';
import { tellAttempt } from './tell-attempt.ts';
import { tellRehearsal } from './tell-rehearsal.ts';

export interface AuthenticateFlags extends OutputFlags, GuestFlags {
  readonly idempotencyKey?: string;
  readonly dryRun?: boolean;
  readonly showToken?: boolean;
}

/** Lets one guest in and tells about it. Resolves with the exit code. */
export async function authenticateGuest(surroundings: Surroundings, flags: AuthenticateFlags): Promise<number> {
  const { payload, config } = await prepareGuest(surroundings, flags);
  return flags.dryRun
    ? rehearse(payload, config, { surroundings, flags })
    : admit(payload, config, { surroundings, flags });
}

interface Scene {
  readonly surroundings: Surroundings;
  readonly flags: AuthenticateFlags;
}

async function admit(payload: unknown, config: LoadedConfig, { surroundings, flags }: Scene): Promise<number> {
  const { terminal, clock, exchange, signal } = surroundings;
  const { auditFile } = config.values;
  await using audit = auditFile === undefined ? undefined : await openAuditLog(auditFile);
  await using guests = createGuestpass({
    ...config.options,
    ...(audit && { audit }),
    ...(clock && { clock }),
    ...(exchange && { exchange }),
  });
  using _trace = flags.debug ? traceExchanges(terminal, paintFor('err', surroundings, flags)) : undefined;
  const attempt = await guests.attempt(payload, callOptions(surroundings, flags));
  tellAttempt({ attempt, stats: guests.stats(), hints: hintsOf(attempt, config) }, surroundings, flags);
  return exitOfAttempt(attempt, signal);
}

/** The same journey with a platform that does nothing, and without a record. */
async function rehearse(payload: unknown, config: LoadedConfig, { surroundings, flags }: Scene): Promise<number> {
  const { clock, signal } = surroundings;
  const rehearsal = createRehearsal(config.options.environment.loginUrl);
  const { exchange, transport } = rehearsal;
  const options: GuestpassOptions = { ...config.options, exchange, transport, ...(clock && { clock }) };
  await using guests = createGuestpass(options);
  const attempt = await guests.attempt(payload, callOptions(surroundings, flags));
  const request = rehearsal.request();
  if (request) {
    tellRehearsal(request, config, { surroundings, flags });
    return exitCodes.done.code;
  }
  tellAttempt({ attempt, stats: guests.stats(), hints: hintsOf(attempt, config) }, surroundings, flags);
  return exitOfAttempt(attempt, signal);
}

function callOptions({ signal }: Surroundings, { idempotencyKey }: AuthenticateFlags) {
  return { signal, ...(idempotencyKey !== undefined && { idempotencyKey }) };
}

async function openAuditLog(path: string) {
  const { jsonlAuditLog } = await import('guestpass/audit');
  return jsonlAuditLog(path);
}

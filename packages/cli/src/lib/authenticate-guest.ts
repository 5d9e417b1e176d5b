import { createGuestpass, type GuestpassOptions, systemClock } from 'guestpass';
import { exitCodes, exitOfAttempt } from './exit-codes.ts';
import { type ConfigFlags, type LoadedConfig, loadConfig } from './load-config.ts';
import { codeOf, misuse } from './misuse.ts';
import { type OutputFlags, paintFor, say } from './output.ts';
import { composePayload, type PayloadFlags } from './payload-input.ts';
import { createRehearsal } from './rehearsal.ts';
import type { Surroundings } from './surroundings.ts';
import { type Told, tellAttempt } from './tell-attempt.ts';
import { tellRehearsal } from './tell-rehearsal.ts';
import { traceExchanges } from './trace.ts';

export interface AuthenticateFlags extends OutputFlags, PayloadFlags, Omit<ConfigFlags, 'clientSecret' | 'deadlineMs'> {
  /** Path of a JSON file, or `-`. */
  readonly payload?: string;
  readonly clientSecretStdin?: boolean;
  /** Milliseconds, as text. */
  readonly deadline?: string;
  readonly idempotencyKey?: string;
  readonly dryRun?: boolean;
  readonly showToken?: boolean;
}

/** Lets one guest in and tells about it. Resolves with the exit code. */
export async function authenticateGuest(surroundings: Surroundings, flags: AuthenticateFlags): Promise<number> {
  const { clock = systemClock } = surroundings;
  const { payloadText, clientSecret } = await readInputs(surroundings, flags);
  const config = loadConfig(surroundings, {
    ...flags,
    ...(clientSecret !== undefined && { clientSecret }),
    ...(flags.deadline !== undefined && { deadlineMs: flags.deadline }),
  });
  const payload = composePayload({
    flags,
    now: new Date(clock.now()).toISOString(),
    ...(payloadText !== undefined && { text: payloadText }),
    ...(config.values.channelId !== undefined && { channelId: config.values.channelId }),
  });
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

function hintsOf(attempt: Told['attempt'], config: LoadedConfig): NonNullable<Told['hints']> {
  if (attempt.outcome !== 'refused') return [];
  const { code, faults } = attempt.error;
  const { allowedChannels } = config.values;
  if (code === 'channel_not_allowed' && allowedChannels) {
    return [['Allowed', `${allowedChannels.join(', ')}   (from ${config.originOf('allowedChannels')})`]];
  }
  const noChannel = attempt.channelId === null && faults.some(({ pointer }) => pointer === '/channelId');
  return noChannel ? [['Channel', 'give --channel, or set GUESTPASS_CHANNEL_ID or WEBMSG_CHANNEL_ID']] : [];
}

/** Standard input can give one thing only. */
async function readInputs(
  surroundings: Surroundings,
  flags: AuthenticateFlags,
): Promise<{ readonly payloadText?: string; readonly clientSecret?: string }> {
  const { payload, clientSecretStdin } = flags;
  if (payload === '-' && clientSecretStdin) {
    throw misuse(
      '--payload',
      'cannot come from standard input together with the secret',
      'Name a file for one of them.',
    );
  }
  if (payload === '-') return { payloadText: await readStdin(surroundings, flags) };
  const clientSecret = clientSecretStdin ? (await readStdin(surroundings, flags)).replace(/\r?\n$/, '') : undefined;
  return {
    ...(payload !== undefined && { payloadText: readPayloadFile(surroundings, payload) }),
    ...(clientSecret !== undefined && { clientSecret }),
  };
}

async function readStdin(
  { terminal, readStdin: read, signal }: Surroundings,
  flags: AuthenticateFlags,
): Promise<string> {
  if (terminal.inIsTty && flags.input === false) {
    throw misuse('--no-input', 'forbids to read from the terminal', 'Pipe the input in, or name a file.');
  }
  if (terminal.inIsTty) say(terminal, flags, 'Reading standard input; end it with Ctrl-D.\n');
  try {
    return await read();
  } catch (error) {
    if (signal.aborted) throw error;
    throw misuse('standard input', `is not readable UTF-8 text${codeOf(error)}`, 'Pipe UTF-8 text in.');
  }
}

function readPayloadFile({ readFile }: Surroundings, path: string): string {
  try {
    return readFile(path);
  } catch (error) {
    throw misuse(
      '--payload',
      `names a file that cannot be read${codeOf(error)}`,
      'Name a readable JSON file in UTF-8.',
    );
  }
}

import { systemClock } from 'guestpass';
import { type ConfigFlags, type LoadedConfig, loadConfig } from './load-config.ts';
import { codeOf, misuse } from './misuse.ts';
import { type OutputFlags, say } from './output.ts';
import { composePayload, type PayloadFlags } from './payload-input.ts';
import type { Surroundings } from './surroundings.ts';

/** Flags that describe a guest, and the platform it goes to. */
export interface GuestFlags extends PayloadFlags, Omit<ConfigFlags, 'clientSecret' | 'deadlineMs'> {
  /** Path of a JSON file, or `-`. */
  readonly payload?: string;
  readonly clientSecretStdin?: boolean;
  /** Milliseconds, as text. */
  readonly deadline?: string;
}

/** A guest as it is about to be let in; its shape is not judged yet. */
export interface PreparedGuest {
  readonly payload: unknown;
  readonly config: LoadedConfig;
}

/** Reads settings and payload from flags, environment, files and standard input. */
export async function prepareGuest(
  surroundings: Surroundings,
  flags: OutputFlags & GuestFlags,
): Promise<PreparedGuest> {
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
  return { payload, config };
}

/** Standard input can give one thing only. */
async function readInputs(
  surroundings: Surroundings,
  flags: OutputFlags & GuestFlags,
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
  flags: OutputFlags & GuestFlags,
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

import { systemClock } from 'guestpass';
import { type ConfigFlags, type LoadedConfig, loadConfig } from '../settings/load-config.ts';
import { tellCautions } from '../settings/tell-cautions.ts';
import { codeOf, misuse } from '../terminal/misuse.ts';
import { type OutputFlags, say } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { composePayload, type PayloadFlags } from './payload-input.ts';

/** Flags that describe a guest, and the platform it goes to. */
export interface GuestFlags extends PayloadFlags, Omit<ConfigFlags, 'clientSecret' | 'deadlineMs'> {
  /** Path of a JSON file, or `-`. */
  readonly payload?: string;
  /** Path of a JSON file, or `-`. */
  readonly signInFile?: string;
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
  const { payloadText, signInText, clientSecret } = await readInputs(surroundings, flags);
  const config = loadConfig(surroundings, {
    ...flags,
    ...(clientSecret !== undefined && { clientSecret }),
    ...(flags.deadline !== undefined && { deadlineMs: flags.deadline }),
  });
  tellCautions(config.cautions, surroundings, flags);
  const payload = composePayload({
    flags,
    now: new Date(clock.now()).toISOString(),
    ...(payloadText !== undefined && { text: payloadText }),
    ...(signInText !== undefined && { signInText }),
    ...(config.values.channelId !== undefined && { channelId: config.values.channelId }),
  });
  return { payload, config };
}

interface Inputs {
  readonly payloadText?: string;
  readonly signInText?: string;
  readonly clientSecret?: string;
}

/** Standard input can give one thing only. */
async function readInputs(surroundings: Surroundings, flags: OutputFlags & GuestFlags): Promise<Inputs> {
  const { payload, signInFile, clientSecretStdin } = flags;
  const wanted = [
    payload === '-' && '--payload',
    signInFile === '-' && '--sign-in-file',
    clientSecretStdin && 'secret',
  ];
  const [first, second] = wanted.filter((flag) => flag !== false && flag !== undefined);
  if (first && second) {
    const other = second === 'secret' ? 'the secret' : second;
    throw misuse(first, `cannot come from standard input together with ${other}`, 'Name a file for one of them.');
  }
  const stdin = first ? await readStdin(surroundings, flags) : '';
  return {
    ...(payload !== undefined && { payloadText: textOf('--payload', payload, { stdin, surroundings }) }),
    ...(signInFile !== undefined && { signInText: textOf('--sign-in-file', signInFile, { stdin, surroundings }) }),
    ...(clientSecretStdin && { clientSecret: stdin.replace(/\r?\n$/, '') }),
  };
}

interface Texts {
  readonly stdin: string;
  readonly surroundings: Surroundings;
}

function textOf(flag: string, path: string, { stdin, surroundings }: Texts): string {
  if (path === '-') return stdin;
  try {
    return surroundings.readFile(path);
  } catch (error) {
    throw misuse(flag, `names a file that cannot be read${codeOf(error)}`, 'Name a readable JSON file in UTF-8.');
  }
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

import { type FileHandle, open } from 'node:fs/promises';
import { createGuestpass, type Guestpass, GuestpassError, type GuestpassOptions, systemClock } from 'guestpass';
import type { JsonlAuditLog } from 'guestpass/audit';
import { type ConfigFlags, type LoadedConfig, loadConfig } from '../settings/load-config.ts';
import { tellCautions } from '../settings/tell-cautions.ts';
import { exitCodes, worstExit } from '../terminal/exit-codes.ts';
import { pickFields } from '../terminal/fields.ts';
import { codeOf, misuse } from '../terminal/misuse.ts';
import { type OutputFlags, say } from '../terminal/output.ts';
import { showProgress } from '../terminal/progress.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { jsonLine } from '../terminal/text.ts';
import { atOnce } from './at-once.ts';
import type { BatchInput } from './batch-input.ts';
import { type BatchFormat, inputsIn } from './inputs.ts';
import { forgetfulJournal, type Journal, openJournal } from './journal.ts';
import { admitLine, type LineResult } from './line-result.ts';
import { createTally, type Tally } from './tally.ts';

export interface BatchFlags extends OutputFlags, Omit<ConfigFlags, 'clientSecret' | 'deadlineMs'> {
  /** Channel of guests that name none. */
  readonly channel?: string;
  readonly format?: BatchFormat;
  readonly concurrency: number;
  readonly journal?: string;
  readonly resume?: boolean;
  /** True when lines whose outcome is not known are sent once more. */
  readonly repeatUnknown?: boolean;
  readonly showToken?: boolean;
  readonly clientSecretStdin?: boolean;
  /** Milliseconds, as text. */
  readonly deadline?: string;
  /** Fields to tell, with dots into objects. Default all. */
  readonly fields?: readonly string[];
}

/** Lets the guests of a file in, one result a line, and resolves with the worst exit code. */
export async function runBatch(file: string, surroundings: Surroundings, flags: BatchFlags): Promise<number> {
  const { clock = systemClock, signal, terminal } = surroundings;
  const config = await configOf(file, surroundings, flags);
  await using source = await openSource(file, surroundings, flags);
  await using journal = await journalOf(file, flags);
  await using audit = await openAuditLog(config);
  await using guests = createGuestpass(optionsOf(config, surroundings, audit));
  const isLeftOpen = journal.hasUnknown && !flags.repeatUnknown;
  const tally = createTally([...journal.exits, ...(isLeftOpen ? [exitCodes.gaveUp.code] : [])]);
  {
    using _progress = showProgress({ terminal, clock, flags, read: () => ({ text: tally.text(), ...source.share() }) });
    const inputs = inputsIn(source.chunks, flags.format ?? formatOf(file));
    await atOnce(inputs, flags.concurrency, {
      signal,
      work: (input) => work(input, { journal, guests, tally, config, surroundings, flags }),
    });
  }
  say(terminal, flags, `${tally.text()}${signal.aborted ? `; ended before the end${advice(file, flags)}` : ''}\n`);
  return signal.aborted ? exitCodes.interrupted.code : worstExit(tally.exits);
}

interface Scene {
  readonly journal: Journal;
  readonly guests: Guestpass;
  readonly tally: Tally;
  readonly config: LoadedConfig;
  readonly surroundings: Surroundings;
  readonly flags: BatchFlags;
}

/** One line: what it came to is on disk before it is told. */
async function work(input: BatchInput, scene: Scene): Promise<void> {
  const { journal, tally, surroundings, flags } = scene;
  const text = 'text' in input ? input.text : input.fault;
  const state = journal.stateOf(input.number, text);
  if (state === 'done' || (state === 'unknown' && !flags.repeatUnknown)) return tally.skip();
  const isInDoubt = state === 'begun' && !flags.repeatUnknown;
  const result = isInDoubt ? doubtful(input.number) : await settle(input, text, scene);
  await journal.end(input.number, text, { exit: result.exit, result: result.kept });
  tally.count(result);
  surroundings.terminal.out(jsonLine(pickFields(result.shown, flags.fields)));
  // A reader that is slow makes the batch slow, and not its memory large.
  await surroundings.terminal.room();
}

async function settle(input: BatchInput, text: string, scene: Scene): Promise<LineResult> {
  const { journal, guests, config, surroundings, flags } = scene;
  if ('text' in input) await journal.begin(input.number, text);
  return await admitLine(input, {
    guests,
    clock: surroundings.clock ?? systemClock,
    idempotencyKey: journal.keyOf(input.number, text),
    channelId: flags.channel ?? config.values.channelId,
    showToken: flags.showToken === true,
  });
}

/** A crash came between sending a line and its answer: the guest may exist, and is not asked for again unbidden. */
function doubtful(line: number): LineResult {
  const detail = 'The batch ended while this guest was being let in.';
  const error = new GuestpassError('outcome_unknown', detail, {
    remedy: 'Look for the guest, or give --repeat-unknown: the same idempotency key is sent.',
  });
  const shown = { line, outcome: 'unknown', error };
  return { shown, kept: shown, outcome: 'unknown', exit: exitCodes.gaveUp.code };
}

async function configOf(file: string, surroundings: Surroundings, flags: BatchFlags): Promise<LoadedConfig> {
  if (flags.clientSecretStdin && file === '-') {
    throw misuse(
      '--client-secret-stdin',
      'does not go with guests from standard input',
      'Name a file for one of them.',
    );
  }
  const secret = flags.clientSecretStdin ? (await surroundings.readStdin()).replace(/\r?\n$/, '') : undefined;
  const config = loadConfig(surroundings, {
    ...flags,
    ...(secret !== undefined && { clientSecret: secret }),
    ...(flags.deadline !== undefined && { deadlineMs: flags.deadline }),
  });
  tellCautions(config.cautions, surroundings, flags);
  return config;
}

async function journalOf(file: string, { journal, resume = false }: BatchFlags): Promise<Journal> {
  const path = journal ?? (file === '-' ? undefined : `${file}.journal`);
  if (path !== undefined) return await openJournal(path, { resume });
  if (resume) throw misuse('--resume', 'needs --journal with standard input', 'Name the journal.');
  return forgetfulJournal();
}

async function openAuditLog({ values }: LoadedConfig): Promise<JsonlAuditLog | undefined> {
  if (values.auditFile === undefined) return undefined;
  const { jsonlAuditLog } = await import('guestpass/audit');
  return await jsonlAuditLog(values.auditFile);
}

function optionsOf(
  { options }: LoadedConfig,
  { clock, exchange }: Surroundings,
  audit: JsonlAuditLog | undefined,
): GuestpassOptions {
  return { ...options, ...(audit && { audit }), ...(clock && { clock }), ...(exchange && { exchange }) };
}

interface Source extends AsyncDisposable {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** How much of the input has been read, where its size is known. */
  readonly share: () => { readonly share?: number };
}

/** Opens the input before anything is written for it. */
async function openSource(file: string, surroundings: Surroundings, flags: BatchFlags): Promise<Source> {
  const { stdin, terminal, signal } = surroundings;
  if (file === '-') {
    if (terminal.inIsTty && flags.input === false) {
      throw misuse('--no-input', 'forbids to read from the terminal', 'Pipe the guests in, or name a file.');
    }
    return { chunks: stdin(signal), share: () => ({}), [Symbol.asyncDispose]: async () => {} };
  }
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const stats = await handle.stat();
    if (stats.isDirectory()) throw Object.assign(new Error('a directory'), { code: 'EISDIR' });
    return sourceOf(handle, stats.size);
  } catch (error) {
    await handle?.close();
    throw misuse('<file>', `cannot be read${codeOf(error)}`, 'Name a readable file, or - for standard input.');
  }
}

function sourceOf(handle: FileHandle, size: number): Source {
  const stream = handle.createReadStream();
  return {
    chunks: stream,
    share: () => (size > 0 ? { share: stream.bytesRead / size } : {}),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

function formatOf(file: string): BatchFormat {
  return /\.csv$/i.test(file) ? 'csv' : 'ndjson';
}

function advice(file: string, { journal }: BatchFlags): string {
  return file === '-' && journal === undefined ? '' : '; go on with --resume';
}

import { basename } from 'node:path';
import { type Clock, isGuestpassError, sleep, systemClock } from 'guestpass';
import { type Attachment, connectSession, type Message, type Session } from 'guestpass/session';
import type { GuestFlags } from '../guest/prepare-guest.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { codeOf, misuse } from '../terminal/misuse.ts';
import { type OutputFlags, say } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { readChatCommand } from './chat-command.ts';
import { admitChatGuest, type ChatGuest, readGuestPass } from './chat-guest-pass.ts';
import { type ChatPrinter, createChatPrinter } from './chat-printer.ts';
import { mediaTypeOf } from './media-type.ts';

export interface ChatFlags extends OutputFlags, GuestFlags {
  /** Path of a JSON file. */
  readonly guestPass?: string;
  /** Path of a file of lines. */
  readonly script?: string;
  /** Milliseconds, as text. */
  readonly wait: string;
}

/** Talks as a guest until the lines end, the conversation does, or somebody quits. Resolves with the exit code. */
export async function chat(surroundings: Surroundings, flags: ChatFlags): Promise<number> {
  const { terminal, clock = systemClock, exchange, signal } = surroundings;
  const scripted = flags.script !== undefined || !terminal.inIsTty;
  const script = flags.script === undefined ? undefined : readScript(surroundings, flags.script);
  const guest = await guestOf(surroundings, flags);
  if ('exitCode' in guest) return guest.exitCode;
  const printer = createChatPrinter(surroundings, flags, !scripted);
  // Without a platform to be reached it takes minutes until that is told.
  if (!scripted) say(terminal, flags, 'Connecting…\n');
  await using session = await connectSession(guest.pass, {
    attributes: guest.attributes,
    clock,
    signal,
    onState: (state) => printer.state(state),
    onEvent: (event) => printer.event(event),
    ...(guest.origin !== undefined && { origin: guest.origin }),
    ...(exchange && { exchange }),
  });
  if (!scripted) say(terminal, flags, 'Connected. /quit ends, /attach FILE sends a file.\n');
  const over = new AbortController();
  const lines = script ?? surroundings.readLines(AbortSignal.any([signal, over.signal]));
  const waitMs = scripted ? Number(flags.wait) : undefined;
  const talk: Talk = { session, printer, surroundings, clock, waitMs, heard: createHeard() };
  const [code] = await Promise.all([talkAll(lines, talk, over.signal), printAll(talk, over)]);
  return signal.aborted ? exitCodes.interrupted.code : code;
}

function guestOf(surroundings: Surroundings, flags: ChatFlags): Promise<ChatGuest> | ChatGuest {
  if (flags.guestPass === undefined) return admitChatGuest(surroundings, flags);
  const origin = flags.origin === undefined ? {} : { origin: flags.origin };
  return { pass: readGuestPass(surroundings, flags.guestPass), attributes: {}, ...origin };
}

function readScript({ readFile }: Surroundings, path: string): readonly string[] {
  try {
    return readFile(path).split(/\r?\n/);
  } catch (error) {
    throw misuse('--script', `names a file that cannot be read${codeOf(error)}`, 'Name a readable text file.');
  }
}

interface Talk {
  readonly session: Session;
  readonly printer: ChatPrinter;
  readonly surroundings: Surroundings;
  readonly clock: Clock;
  /** How long an answer is waited for; not at all when somebody types. */
  readonly waitMs: number | undefined;
  readonly heard: Heard;
}

/** What was heard so far from the other side. */
interface Heard {
  answers: number;
  file: Attachment | undefined;
  next: PromiseWithResolvers<void>;
}

function createHeard(): Heard {
  return { answers: 0, file: undefined, next: Promise.withResolvers() };
}

/** Shows each message until the conversation ends; then nothing more need be read. */
async function printAll({ session, printer, heard }: Talk, over: AbortController): Promise<void> {
  const earlier = new Set(session.transcript.map(({ id }) => id));
  try {
    for await (const message of session.messages()) {
      printer.message(message);
      if (message.author !== 'guest' && !earlier.has(message.id)) hear(heard, message);
    }
  } finally {
    over.abort();
    heard.next.resolve();
  }
}

function hear(heard: Heard, { attachments }: Message): void {
  heard.answers += 1;
  heard.file = attachments.at(-1) ?? heard.file;
  heard.next.resolve();
  heard.next = Promise.withResolvers();
}

/** Follows each line. The end of the lines ends the talk. */
async function talkAll(
  lines: Iterable<string> | AsyncIterable<string>,
  talk: Talk,
  over: AbortSignal,
): Promise<number> {
  const { session, surroundings } = talk;
  const giveUp = () => void session.close();
  surroundings.signal.addEventListener('abort', giveUp, { once: true });
  try {
    for await (const line of lines) {
      if (over.aborted) break;
      const answersBefore = talk.heard.answers;
      const followed = await follow(line, talk);
      if (followed === 'quit') return exitCodes.done.code;
      if (followed === 'said' && !(await answered(talk, answersBefore, over))) return exitCodes.gaveUp.code;
    }
    // A script that could not go on to its end has failed; a person has seen why.
    return over.aborted && talk.waitMs !== undefined ? exitCodes.failed.code : exitCodes.done.code;
  } finally {
    surroundings.signal.removeEventListener('abort', giveUp);
    await session.close();
  }
}

/** Waits for the answer to a line of a script. False when none came in time. */
async function answered({ heard, waitMs, clock, printer }: Talk, before: number, over: AbortSignal): Promise<boolean> {
  if (waitMs === undefined) return true;
  const until = clock.monotonic() + waitMs;
  while (heard.answers === before && !over.aborted) {
    const timer = new AbortController();
    const late = sleep(clock, Math.max(0, until - clock.monotonic()), timer.signal).catch(() => {});
    await Promise.race([heard.next.promise, late]);
    timer.abort();
    if (heard.answers === before && clock.monotonic() >= until) {
      printer.remark(`No answer came within ${waitMs} ms.`);
      return false;
    }
  }
  return true;
}

type Followed = 'said' | 'done' | 'quit';

async function follow(line: string, talk: Talk): Promise<Followed> {
  const { session, printer, waitMs } = talk;
  const command = readChatCommand(line);
  try {
    switch (command.does) {
      case 'quit':
        return 'quit';
      case 'say':
        await session.send(command.text);
        return 'said';
      case 'attach':
        await attach(command.path, talk);
        return 'said';
      case 'save':
        await save(command.path, talk);
        return 'done';
      case 'new':
        await session.startNew();
        printer.remark('A new conversation has begun.');
        return 'done';
      case 'unknown':
        printer.remark(`There is no command /${command.name}; those there are: /attach FILE, /save FILE, /new, /quit.`);
        return 'done';
      case 'nothing':
        return 'done';
    }
  } catch (error) {
    // Who types may try again; a script has failed.
    if (waitMs !== undefined || !isGuestpassError(error) || session.state === 'closed') throw error;
    const faults = error.faults.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}.`);
    printer.remark(faults.length > 0 ? [...faults, error.remedy].join(' ') : error.message);
    return 'done';
  }
}

async function attach(path: string, { session, surroundings }: Talk): Promise<void> {
  let bytes: Uint8Array;
  try {
    bytes = surroundings.readBytes(path);
  } catch (error) {
    throw misuse('/attach', `names a file that cannot be read${codeOf(error)}`, 'Name a readable file.');
  }
  await session.attach({ name: basename(path), type: mediaTypeOf(path), bytes });
}

async function save(path: string, { session, surroundings, heard, printer }: Talk): Promise<void> {
  if (!heard.file) throw misuse('/save', 'has nothing to save: no file was received', 'Wait for one.');
  const bytes = await session.download(heard.file);
  try {
    surroundings.writeFile(path, bytes);
  } catch (error) {
    throw misuse('/save', `names a file that cannot be written${codeOf(error)}`, 'Name another file.');
  }
  printer.remark(`Saved ${bytes.byteLength} bytes.`);
}

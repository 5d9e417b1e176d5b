import { createGuestpass, type GuestPass, GuestpassError } from 'guestpass';
import { hintsOf } from '../guest/hints.ts';
import { type GuestFlags, prepareGuest } from '../guest/prepare-guest.ts';
import { tellAttempt } from '../guest/tell-attempt.ts';
import { exitOfAttempt } from '../terminal/exit-codes.ts';
import { codeOf, misuse } from '../terminal/misuse.ts';
import { type OutputFlags, paintFor, say } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { printable } from '../terminal/text.ts';
import { traceExchanges } from '../trace.ts';

/** A guest that may talk, and what is told with its first message; or the exit code of one that may not. */
export type ChatGuest =
  | { readonly pass: GuestPass; readonly origin?: string; readonly attributes: Readonly<Record<string, string>> }
  | { readonly exitCode: number };

/** Lets a guest in, whatever the issuer. */
export async function admitChatGuest(surroundings: Surroundings, flags: OutputFlags & GuestFlags): Promise<ChatGuest> {
  const { terminal, clock, exchange, signal } = surroundings;
  if (flags.payload === '-' || flags.signInFile === '-' || flags.clientSecretStdin) {
    throw misuse('chat', 'takes its lines from standard input, so nothing else can come from there', 'Name a file.');
  }
  const { payload, config } = await prepareGuest(surroundings, flags);
  await using guests = createGuestpass({ ...config.options, ...(clock && { clock }), ...(exchange && { exchange }) });
  using _trace = flags.debug ? traceExchanges(terminal, paintFor('err', surroundings, flags)) : undefined;
  const attempt = await guests.attempt(payload, { signal });
  if (attempt.outcome !== 'admitted') {
    tellAttempt({ attempt, stats: guests.stats(), hints: hintsOf(attempt, config) }, surroundings, flags);
    return { exitCode: exitOfAttempt(attempt, signal) };
  }
  const { guestPass: pass } = attempt;
  say(terminal, flags, `Admitted to channel ${printable(pass.channelId)} as guest ${printable(pass.guestId)}.\n`);
  const { origin, issuer = 'rest' } = config.options;
  // The contract of the tutorial takes attributes with the guest; the published protocol takes them with a message.
  const attributes = issuer === 'rest' ? {} : textsOf(payload);
  return { pass, attributes, ...(origin !== undefined && { origin }) };
}

function textsOf(payload: unknown): Readonly<Record<string, string>> {
  if (typeof payload !== 'object' || payload === null || !('attributes' in payload)) return {};
  const { attributes } = payload;
  if (typeof attributes !== 'object' || attributes === null) return {};
  const texts = Object.entries(attributes).map(([name, value]) => [name, textOf(value)] as const);
  return Object.fromEntries(texts);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Reads a guest pass from a file: by itself, or as `authenticate --json --show-token` prints it. */
export function readGuestPass({ readFile }: Pick<Surroundings, 'readFile'>, path: string): GuestPass {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    throw misuse('--guest-pass', `names a file that cannot be read${codeOf(error)}`, 'Name a readable JSON file.');
  }
  const pass = passOf(parse(text));
  if (!pass) {
    throw misuse(
      '--guest-pass',
      'names a file that holds no guest pass with a session token and where to connect',
      'Make one with guestpass authenticate --json --show-token.',
    );
  }
  return pass;
}

/** The parser's own message quotes the text, which holds a token. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new GuestpassError('body_invalid', 'The guest pass is not JSON.');
  }
}

function passOf(value: unknown): GuestPass | undefined {
  const record = fieldsOf(value);
  if ('guestPass' in record) return passOf(record.guestPass);
  const { guestId = '', channelId = '', sessionToken, expiresAt = null } = record;
  const { url, deploymentId } = fieldsOf(record.connect);
  if (!isText(sessionToken) || sessionToken.startsWith('…') || !isText(url) || !isText(deploymentId)) return undefined;
  if (typeof guestId !== 'string' || typeof channelId !== 'string') return undefined;
  const connect = { url, deploymentId };
  const signedIn = signedInOf(fieldsOf(record.signedIn));
  const pass = { guestId, channelId, sessionToken, expiresAt: isText(expiresAt) ? expiresAt : null, connect };
  return { ...pass, ...(signedIn && { signedIn }) };
}

function signedInOf({ jwt, refreshToken, expiresAt }: Readonly<Record<string, unknown>>): GuestPass['signedIn'] {
  if (!isText(jwt)) return undefined;
  return {
    jwt,
    refreshToken: isText(refreshToken) ? refreshToken : null,
    expiresAt: isText(expiresAt) ? expiresAt : null,
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

import { type Clock, systemClock } from 'guestpass';
import { composePayload, type PayloadFlags } from '../guest/payload-input.ts';
import { codeOf, misuse } from '../terminal/misuse.ts';
import type { Surroundings } from '../terminal/surroundings.ts';

export interface PayloadSource extends PayloadFlags {
  /** Path of a JSON file, or `-`. */
  readonly payload?: string;
}

/**
 * Makes the payload of each guest: consent given by flag is given when the guest comes, and `{n}` in the answer to the
 * captcha is the number of the guest, since an answer is good once.
 */
export async function openPayloads(
  surroundings: Surroundings,
  flags: PayloadSource,
  channelId: string | undefined,
): Promise<(number: number) => unknown> {
  const { clock = systemClock } = surroundings;
  const text = await textOf(surroundings, flags.payload);
  return (number) => {
    const { captchaResponse } = flags;
    const answer = captchaResponse?.replaceAll('{n}', String(number));
    return composePayload({
      flags: { ...flags, ...(answer !== undefined && { captchaResponse: answer }) },
      now: isoNow(clock),
      ...(text !== undefined && { text }),
      ...(channelId !== undefined && { channelId }),
    });
  };
}

function isoNow(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}

async function textOf({ readFile, readStdin }: Surroundings, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return path === '-' ? await readStdin() : readFile(path);
  } catch (error) {
    throw misuse('--payload', `cannot be read${codeOf(error)}`, 'Name a readable JSON file in UTF-8.');
  }
}

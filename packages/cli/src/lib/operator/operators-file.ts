import { randomBytes } from 'node:crypto';
import { chmod, chown, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { parseOperators, type TokenOperator } from '@guestpass/gateway/config';
import { GuestpassError } from 'guestpass';
import { codeOf, misuse } from '../terminal/misuse.ts';
import type { Surroundings } from '../terminal/surroundings.ts';

/** The operators in a file; none when it is not there. Throws `config_invalid` when it is no list of operators. */
export function readOperatorsFile(
  path: string,
  { readFile }: Pick<Surroundings, 'readFile'>,
): readonly TokenOperator[] {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    if (codeOf(error) === ' (ENOENT)') return [];
    throw misuse('--file', `cannot be read${codeOf(error)}`, 'Name a file that holds operators, or a new one.');
  }
  return operatorsIn(text, 'The file holds no list of operators.');
}

/** The operators in a text. Throws `config_invalid` with every fault, under a message that says what it is. */
export function operatorsIn(text: string, message: string): readonly TokenOperator[] {
  const read = parseOperators(text);
  if ('operators' in read) return read.operators;
  throw new GuestpassError('config_invalid', message, { faults: read.faults, remedy: 'Correct what is listed.' });
}

/**
 * Writes the file as a whole, so that a gateway that reads it meets the old one or the new one. A link stays a link, and
 * whoever could read the old one can read the new one.
 */
export async function writeOperatorsFile(path: string, operators: readonly TokenOperator[]): Promise<void> {
  const place = await realpath(path).catch(() => path);
  const beside = `${place}.${randomBytes(6).toString('hex')}`;
  try {
    const old = await stat(place).catch(() => undefined);
    await writeFile(beside, `${JSON.stringify(operators, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
    if (old) {
      await chown(beside, old.uid, old.gid);
      await chmod(beside, old.mode & 0o777);
    }
    await rename(beside, place);
  } catch (error) {
    await rm(beside, { force: true });
    throw misuse('--file', `cannot be written${codeOf(error)}`, 'Choose a file in a folder that you may write to.');
  }
}

import { hash, randomBytes } from 'node:crypto';
import type { OperatorRole, TokenOperator } from '@guestpass/gateway/config';
import { exitCodes } from '../terminal/exit-codes.ts';
import { type OutputFlags, paintFor } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { columns, jsonDocument, printable } from '../terminal/text.ts';
import { operatorsIn, readOperatorsFile, writeOperatorsFile } from './operators-file.ts';

export interface AddFlags extends OutputFlags {
  readonly name: string;
  readonly role: OperatorRole;
  /** Default: the entry is printed alone. */
  readonly file?: string;
}

/** Makes a token, which is printed once and kept nowhere, and the entry of whoever has it. Resolves with the exit code. */
export async function addOperator(surroundings: Surroundings, flags: AddFlags): Promise<number> {
  const { terminal } = surroundings;
  const { name, role, file } = flags;
  const token = randomBytes(32).toString('base64url');
  const entry = { name, role, tokenSha256: hash('sha256', token) };
  const others = file === undefined ? [] : readOperatorsFile(file, surroundings);
  const all = operatorsIn(JSON.stringify([...others, entry]), 'The operator cannot be added.');
  if (file !== undefined) await writeOperatorsFile(file, all);
  if (flags.json) terminal.out(jsonDocument({ token, entry, ...(file !== undefined && { file }) }));
  else if (flags.quiet) terminal.out(`${token}\n`);
  else terminal.out(`${paintFor('out', surroundings, flags).green('✓')} ${addedText({ token, entry, file })}`);
  return exitCodes.done.code;
}

interface Added {
  readonly token: string;
  readonly entry: TokenOperator;
  readonly file: string | undefined;
}

function addedText({ token, entry, file }: Added): string {
  const { name, role } = entry;
  const rows = columns([
    ['token', token],
    file === undefined ? ['entry', JSON.stringify(entry)] : ['file', printable(file)],
  ]);
  const next =
    file === undefined
      ? 'Put the entry into the list that GUESTPASS_OPERATORS_FILE names.'
      : 'A gateway whose GUESTPASS_OPERATORS_FILE names this file reads it by itself.';
  return `Operator ${name} has the role ${role}.\n${rows}The token is not shown again: hand it to ${name} alone. ${next}\n`;
}

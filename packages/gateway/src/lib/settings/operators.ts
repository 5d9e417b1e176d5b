import type { Fault } from 'guestpass';
import * as z from 'zod';
import { type Operator, operatorRoles } from './operator-roles.ts';
import { parseWith } from './schema-faults.ts';

/** An operator who is known by a token. */
export interface TokenOperator extends Operator {
  /** Lower-case hex SHA-256 of the token. */
  readonly tokenSha256: string;
}

/** The name of whoever has the one token of `GUESTPASS_OPERATOR_TOKEN`. */
export const sharedOperator = 'operator';

const operatorSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/, 'must be 1 to 64 letters, digits or any of . _ @ + -')
    .refine((name) => name.toLowerCase() !== sharedOperator, 'is the name of whoever has GUESTPASS_OPERATOR_TOKEN'),
  role: z.enum(operatorRoles, `must be ${operatorRoles.slice(0, -1).join(', ')} or ${operatorRoles.at(-1)}`),
  tokenSha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
});

const operatorsSchema = z.array(operatorSchema).max(1_000, 'must have at most 1000 entries');

/** The operators in a file of JSON, or every fault at once; no fault repeats what the file holds. */
export type OperatorsRead = { readonly operators: readonly TokenOperator[] } | { readonly faults: readonly Fault[] };

/** Reads operators: a JSON array, as docs/operators.md tells it. Never throws. */
export function parseOperators(json: string): OperatorsRead {
  let written: unknown;
  try {
    written = JSON.parse(json.replace(/^\ufeff/, ''));
  } catch {
    // The parser's own message repeats what it found.
    return { faults: [{ pointer: '', detail: 'is not JSON' }] };
  }
  const parsed = parseWith(operatorsSchema, written);
  if (!parsed.ok) return { faults: parsed.faults };
  const faults = confusions(parsed.value);
  return faults.length > 0 ? { faults } : { operators: parsed.value };
}

/** One name is one person, and one token is one person's. */
function confusions(operators: readonly TokenOperator[]): readonly Fault[] {
  const first = (index: number, isSame: (other: TokenOperator) => boolean) => {
    const found = operators.findIndex(isSame);
    return found < index ? found : undefined;
  };
  return operators.flatMap(({ name, tokenSha256 }, index) => {
    const named = first(index, (other) => other.name.toLowerCase() === name.toLowerCase());
    const known = first(index, (other) => other.tokenSha256 === tokenSha256);
    return [
      ...(named === undefined ? [] : [{ pointer: `/${index}/name`, detail: `is the name of /${named} too` }]),
      ...(known === undefined ? [] : [{ pointer: `/${index}/tokenSha256`, detail: `is the token of /${known} too` }]),
    ];
  });
}

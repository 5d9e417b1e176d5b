import { hash, hkdfSync } from 'node:crypto';
import type { Clock } from 'guestpass';
import { createOperatorGate, type OperatorGate } from './http/operator-gate.ts';
import { createOperatorSessions, type OperatorSessions } from './http/operator-sessions.ts';
import { createMemoryRates } from './http/rate-store.ts';
import type { GatewayConfig } from './settings/config.ts';
import { sharedOperator, type TokenOperator } from './settings/operators.ts';
import type { MasterKey } from './store/seal.ts';

export interface OperatorAccessOptions {
  /** The operators as they stand now; asked for each request, so it answers from memory. */
  readonly operators: () => readonly TokenOperator[];
  readonly masterKey: MasterKey;
  readonly clock: Clock;
}

/** How operators come in. */
export interface OperatorAccess {
  readonly gate: OperatorGate;
  readonly sessions: OperatorSessions;
}

/**
 * Lets operators in by tokens that may become others, and with roles that may. A token of before ends at once, and with
 * it every session of its operator's browsers: whoever changes it no longer trusts who held it. Wrong tokens are counted
 * on.
 */
export function createOperatorAccess({ operators, masterKey, clock }: OperatorAccessOptions): OperatorAccess {
  const named = (name: string) => operators().find((operator) => operator.name === name);
  const sessions = createOperatorSessions({
    keyOf(name) {
      const operator = named(name);
      return operator && sessionKeyOf(masterKey, operator);
    },
    clock,
  });
  const bySession = (cookies: string | null) => {
    const operator = named(sessions.holder(cookies) ?? '');
    return operator && { name: operator.name, role: operator.role };
  };
  return { sessions, gate: createOperatorGate({ operators, failures: createMemoryRates({ clock }), bySession }) };
}

/**
 * Everybody who has a token: those of the file, and an admin who has the one token. Where neither is configured, that
 * is a token made for one start.
 */
export function tokenOperators(
  { token, people = [] }: GatewayConfig['operator'],
  freshToken?: string,
): readonly TokenOperator[] {
  const shared = token ?? freshToken;
  if (shared === undefined) return people;
  return [{ name: sharedOperator, role: 'admin', tokenSha256: hash('sha256', shared) }, ...people];
}

/**
 * The same at every gateway of a fleet. The master key keeps whoever knows the hash of a token, or guesses the token,
 * from making sessions; a new token ends those of its operator.
 */
function sessionKeyOf(masterKey: MasterKey, { tokenSha256 }: TokenOperator): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', masterKey, tokenSha256, 'guestpass/operator-session', 32));
}

import { hash, hkdfSync } from 'node:crypto';
import type { Clock } from 'guestpass';
import { createOperatorGate, type OperatorGate } from './http/operator-gate.ts';
import { createOperatorSessions, type OperatorSessions } from './http/operator-sessions.ts';
import { createMemoryRates } from './http/rate-store.ts';
import type { GatewayConfig } from './settings/config.ts';
import type { Operator, OperatorRole } from './settings/operator-roles.ts';
import type { SignInConfig } from './settings/operator-sign-in.ts';
import { sharedOperator, type TokenOperator } from './settings/operators.ts';
import type { MasterKey } from './store/seal.ts';

export interface OperatorAccessOptions {
  /** The operators as they stand now; asked for each request, so it answers from memory. */
  readonly operators: () => readonly TokenOperator[];
  /** The provider whose people may hold sessions. Default nobody but those with a token. */
  readonly provider?: SignInConfig | undefined;
  /** How long sessions last, in milliseconds. Default 12 hours. */
  readonly sessionMs?: number;
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
 * on. Whoever signed in at the provider keeps the role of that moment until the session ends.
 */
export function createOperatorAccess(options: OperatorAccessOptions): OperatorAccess {
  const { operators, provider, sessionMs, masterKey, clock } = options;
  const named = (name: string) => operators().find((operator) => operator.name === name);
  const sessions = createOperatorSessions({
    keyOf(holder) {
      if (isVouched(holder)) return provider && sessionKeyOf(masterKey, termsOf(provider));
      const operator = named(holder);
      return operator && sessionKeyOf(masterKey, operator.tokenSha256);
    },
    clock,
    ...(sessionMs !== undefined && { lifetimeMs: sessionMs }),
  });
  const bySession = (cookies: string | null): Operator | undefined => {
    const holder = sessions.holder(cookies) ?? '';
    if (isVouched(holder)) return provider && vouchedFor(holder, provider);
    const operator = named(holder);
    return operator && { name: operator.name, role: operator.role };
  };
  return { sessions, gate: createOperatorGate({ operators, failures: createMemoryRates({ clock }), bySession }) };
}

/**
 * Everybody who has a token: those of the file, and an admin who has the one token. Where neither is configured, that
 * is a token made for one start.
 */
export function tokenOperators(
  { token, people = [] }: Pick<GatewayConfig['operator'], 'token' | 'people'>,
  freshToken?: string,
): readonly TokenOperator[] {
  const shared = token ?? freshToken;
  if (shared === undefined) return people;
  return [{ name: sharedOperator, role: 'admin', tokenSha256: hash('sha256', shared) }, ...people];
}

/** What the session of somebody says whom the provider vouches for. No name of an operator with a token begins like it. */
export function vouchedHolder({ name, role }: Operator): string {
  return JSON.stringify([role, name]);
}

function isVouched(holder: string): boolean {
  return holder.startsWith('[');
}

function vouchedFor(holder: string, { issuer }: SignInConfig): Operator {
  // A cast, because the session was signed by a gateway of this fleet.
  const [role, name] = JSON.parse(holder) as [OperatorRole, string];
  return { name, role, issuer };
}

/** Another provider, or other roles for its groups, end the sessions of before. */
function termsOf({ issuer, clientId, nameClaim, roleClaim, roles }: SignInConfig): string {
  return hash('sha256', JSON.stringify([issuer, clientId, nameClaim, roleClaim, roles]));
}

/**
 * The same at every gateway of a fleet. The master key keeps whoever knows the hash of a token, or guesses the token,
 * from making sessions; a new token ends those of its operator.
 */
function sessionKeyOf(masterKey: MasterKey, salt: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', masterKey, salt, 'guestpass/operator-session', 32));
}

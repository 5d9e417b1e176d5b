import { hkdfSync } from 'node:crypto';
import type { Clock } from 'guestpass';
import { createOperatorGate, type OperatorGate } from './http/operator-gate.ts';
import { createOperatorSessions, type OperatorSessions } from './http/operator-sessions.ts';
import { createMemoryRates } from './http/rate-store.ts';
import type { MasterKey } from './store/seal.ts';

export interface OperatorAccessOptions {
  /** The operator token as it stands now; asked for each request, so it answers from memory. */
  readonly token: () => string;
  readonly masterKey: MasterKey;
  readonly clock: Clock;
}

/** How operators come in. */
export interface OperatorAccess {
  readonly gate: OperatorGate;
  readonly sessions: OperatorSessions;
}

/**
 * Lets operators in by a token that may become another. The one of before ends at once, and with it every session of a
 * browser: whoever changes the token no longer trusts who held it. Wrong tokens are counted on.
 */
export function createOperatorAccess({ token, masterKey, clock }: OperatorAccessOptions): OperatorAccess {
  const failures = createMemoryRates({ clock });
  const open = (inUse: string) => {
    const sessions = createOperatorSessions({ key: sessionKeyOf(masterKey, inUse), clock });
    return { token: inUse, sessions, gate: createOperatorGate({ token: inUse, failures, sessions }) };
  };
  let access = open(token());
  const current = () => {
    if (token() !== access.token) access = open(token());
    return access;
  };
  return {
    gate: { refuse: (request, address) => current().gate.refuse(request, address) },
    sessions: {
      open: (options) => current().sessions.open(options),
      isOpen: (cookies) => current().sessions.isOpen(cookies),
      end: (cookies) => current().sessions.end(cookies),
    },
  };
}

/**
 * The same at every gateway of a fleet with one token. The master key keeps whoever guesses the token from trying his
 * guesses on sessions; a new token ends them all.
 */
function sessionKeyOf(masterKey: MasterKey, token: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', masterKey, token, 'guestpass/operator-session', 32));
}

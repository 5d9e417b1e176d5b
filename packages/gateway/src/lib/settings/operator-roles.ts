/** What operators may be, from the one that may least to the one that may everything. */
export const operatorRoles = ['viewer', 'auditor', 'operator', 'admin'] as const;

/**
 * What an operator may do. A `viewer` looks; an `auditor` reads the audit log besides, an `operator` mends deliveries and
 * endpoints besides, and neither may what the other may; an `admin` may all of it, and what cannot be taken back.
 */
export type OperatorRole = (typeof operatorRoles)[number];

/** True when whoever has this role may do what needs that one. */
export function mayDo(role: OperatorRole, needed: OperatorRole): boolean {
  return needed === 'viewer' || role === needed || role === 'admin';
}

/** Those who may do what needs this role. */
export function rolesThatMay(needed: OperatorRole): readonly OperatorRole[] {
  return operatorRoles.filter((role) => mayDo(role, needed));
}

/** Somebody who may ask the operator listener. */
export interface Operator {
  /** Goes on record with everything asked for. */
  readonly name: string;
  readonly role: OperatorRole;
  /** The OpenID provider that vouches for the name; absent for whoever has a token. */
  readonly issuer?: string;
}

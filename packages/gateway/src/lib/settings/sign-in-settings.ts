import { defineSetting, line, list, type Read, wholeNumber } from 'guestpass/settings';
import { type OperatorRole, operatorRoles } from './operator-roles.ts';
import { webAddress } from './setting-values.ts';

/** What somebody has at the provider, and the role that goes with it. */
export interface GrantedRole {
  readonly value: string;
  readonly role: OperatorRole;
}

/** How operators sign in at an OpenID provider, and how long any session of theirs lasts. */
export const signInSettings = {
  operatorPublicUrl: defineSetting('GUESTPASS_OPERATOR_PUBLIC_URL', webOrigin, {
    doc: 'Address browsers know the operator listener by. The OpenID provider sends operators back to it, at `/v1/operator-sign-in/callback`.',
    fallback: 'the host that a browser asks, over http',
  }),
  operatorSessionHours: defineSetting('GUESTPASS_OPERATOR_SESSION_HOURS', wholeNumber(1, 168), {
    doc: 'Hours that the session of an operator in a browser lasts; use does not prolong it.',
    fallback: '12',
  }),
  operatorIssuer: defineSetting('GUESTPASS_OPERATOR_OIDC_ISSUER', issuer, {
    doc: 'OpenID provider that operators may sign in at, as its ID tokens name it.',
    fallback: 'none',
  }),
  operatorClientId: defineSetting('GUESTPASS_OPERATOR_OIDC_CLIENT_ID', line(512), {
    doc: 'Client of the gateway at that provider.',
    fallback: 'none',
  }),
  operatorClientSecret: defineSetting('GUESTPASS_OPERATOR_OIDC_CLIENT_SECRET', line(4_096), {
    doc: 'Its secret; `GUESTPASS_OPERATOR_OIDC_CLIENT_SECRET_FILE` names a file that holds it.',
    fallback: 'none',
    secret: true,
  }),
  operatorScope: defineSetting('GUESTPASS_OPERATOR_OIDC_SCOPE', line(512), {
    doc: 'Scopes to ask for, with spaces between; `openid` must be among them.',
    fallback: '`openid profile email`',
  }),
  operatorNameClaim: defineSetting('GUESTPASS_OPERATOR_OIDC_NAME_CLAIM', line(128), {
    doc: 'Claim that names an operator on record.',
    fallback: '`email`',
  }),
  operatorRoleClaim: defineSetting('GUESTPASS_OPERATOR_OIDC_ROLE_CLAIM', line(128), {
    doc: 'Claim that decides on the role: a text, or a list of them.',
    fallback: '`groups`',
  }),
  operatorRoles: defineSetting('GUESTPASS_OPERATOR_OIDC_ROLES', grantedRoles, {
    doc: 'Which value of that claim gives which role, separated by commas: `contact-centre=operator,compliance=auditor`. The first that fits counts; who has none does not come in.',
    fallback: 'none',
  }),
} as const;

/** An address of a whole host: the console knows no path before its own. */
function webOrigin(text: string): Read<string> {
  const read = webAddress(text);
  return 'fault' in read || new URL(read.value).pathname === '/' ? read : { fault: 'must have no path' };
}

/** An address whose slash at the end is part of the name. */
function issuer(text: string): Read<string> {
  const read = webAddress(text);
  return 'fault' in read ? read : { value: text };
}

function grantedRoles(text: string): Read<readonly GrantedRole[]> {
  const read = list(text);
  if ('fault' in read) return read;
  const found = read.value.flatMap((entry): GrantedRole[] => {
    const at = entry.lastIndexOf('=');
    const role = operatorRoles.find((one) => one === entry.slice(at + 1).trim());
    const value = entry.slice(0, Math.max(at, 0)).trim();
    return role && value !== '' ? [{ value, role }] : [];
  });
  return found.length === read.value.length
    ? { value: found }
    : {
        fault: `must be values with roles such as group=viewer, separated by commas; roles are ${operatorRoles.join(', ')}`,
      };
}

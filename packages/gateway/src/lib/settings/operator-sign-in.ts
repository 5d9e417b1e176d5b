import type { Fault } from 'guestpass';
import type { ValuesOf } from 'guestpass/settings';
import { type GrantedRole, signInSettings } from './sign-in-settings.ts';

/** How operators sign in at an OpenID provider, as configured. */
export interface SignInConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string;
  readonly nameClaim: string;
  readonly roleClaim: string;
  /** The first that fits counts. */
  readonly roles: readonly GrantedRole[];
}

type SignInValues = ValuesOf<typeof signInSettings>;

/** `undefined` where no provider is named. A part that is missing is told by {@link signInFaults}. */
export function signInOf(values: SignInValues): SignInConfig | undefined {
  const { operatorIssuer: issuer, operatorClientId = '', operatorClientSecret = '', operatorRoles = [] } = values;
  if (issuer === undefined) return undefined;
  return {
    issuer,
    clientId: operatorClientId,
    clientSecret: operatorClientSecret,
    scope: values.operatorScope ?? 'openid profile email',
    nameClaim: values.operatorNameClaim ?? 'email',
    roleClaim: values.operatorRoleClaim ?? 'groups',
    roles: operatorRoles,
  };
}

/** A provider alone lets nobody in, and the rest without a provider says nothing. `isSet` knows settings that are faulty. */
export function signInFaults(
  values: SignInValues,
  isSet: (key: keyof typeof signInSettings) => boolean,
): readonly Fault[] {
  const needed = ['operatorIssuer', 'operatorClientId', 'operatorClientSecret', 'operatorRoles'] as const;
  const given = needed.find(isSet);
  const missing = given === undefined ? [] : needed.filter((key) => !isSet(key));
  const fault = (key: keyof typeof signInSettings, detail: string) => ({
    pointer: `/${signInSettings[key].name}`,
    detail,
  });
  const withoutOpenId = values.operatorScope?.split(' ').includes('openid') === false;
  return [
    ...missing.map((key) => fault(key, `is not set, but ${given ? signInSettings[given].name : ''} is`)),
    ...(withoutOpenId ? [fault('operatorScope', 'must have openid among its scopes')] : []),
  ];
}

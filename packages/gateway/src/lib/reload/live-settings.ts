import { isDeepStrictEqual } from 'node:util';
import { configSettings } from 'guestpass';
import type { GatewayConfig } from '../settings/config.ts';
import { gatewaySettings } from '../settings/settings.ts';

/** What a configuration that was read again brings. */
export interface Changes {
  /** The configuration from now on: the one in force, with the secrets that may change while it is. */
  readonly config: GatewayConfig;
  /** Settings that changed and are in it. */
  readonly changed: readonly string[];
  /** Settings that changed and wait for the next start. */
  readonly restart: readonly string[];
}

/** Secrets that change together while a gateway runs, or wait together for its next start. */
interface LiveSecrets {
  readonly names: readonly string[];
  /** What they are for. A secret of something else waits with it: sent to what is in force it would be given away. */
  readonly purpose: readonly string[];
  /** True when nothing else than what is secret has changed. Default it has not. */
  readonly isOnlySecret?: (from: GatewayConfig, to: GatewayConfig) => boolean;
  /** The configuration in force, with these of another. */
  readonly take: (inForce: GatewayConfig, next: GatewayConfig) => GatewayConfig;
}

const live: readonly LiveSecrets[] = [
  {
    names: [configSettings.clientId.name, configSettings.clientSecret.name],
    purpose: [configSettings.target.name, configSettings.environment.name, configSettings.issuer.name],
    take(inForce, { platform: { clientId = '', clientSecret = '' } }) {
      const { sdk, platform } = inForce;
      const options = { ...sdk.options, clientId, clientSecret };
      const values = { ...sdk.values, clientId, clientSecret };
      return { ...inForce, platform: { ...platform, clientId, clientSecret }, sdk: { ...sdk, options, values } };
    },
  },
  {
    names: [gatewaySettings.operatorToken.name],
    purpose: [],
    take(inForce, { operator: { token } }) {
      return { ...inForce, operator: { ...inForce.operator, token } };
    },
  },
  {
    names: [gatewaySettings.operatorsFile.name],
    purpose: [],
    take(inForce, { operator: { people } }) {
      return { ...inForce, operator: { ...inForce.operator, people } };
    },
  },
  {
    names: [gatewaySettings.operatorClientSecret.name],
    purpose: [gatewaySettings.operatorIssuer.name, gatewaySettings.operatorClientId.name],
    take(inForce, { operator: { signIn: next } }) {
      const { operator } = inForce;
      const signIn = operator.signIn && next && { ...operator.signIn, clientSecret: next.clientSecret };
      return { ...inForce, operator: { ...operator, signIn } };
    },
  },
  captcha('altchaSecret'),
  captcha('recaptchaSecret'),
  captcha('hcaptchaSecret'),
  captcha('turnstileSecret'),
  {
    names: [gatewaySettings.webhookSecret.name],
    purpose: [gatewaySettings.webhookUrl.name],
    take: (inForce, { webhook }) => ({ ...inForce, webhook }),
  },
  {
    names: [gatewaySettings.databaseUrl.name],
    purpose: [],
    isOnlySecret: (from, to) => placeOf(from) === placeOf(to),
    take: (inForce, { storage }) => ({ ...inForce, storage }),
  },
];

function captcha(key: 'altchaSecret' | 'recaptchaSecret' | 'hcaptchaSecret' | 'turnstileSecret'): LiveSecrets {
  return {
    names: [gatewaySettings[key].name],
    purpose: [],
    take: (inForce, next) => ({ ...inForce, captcha: { ...inForce.captcha, [key]: next.captcha[key] } }),
  };
}

/** The address of the database without who logs in. */
function placeOf({ values: { databaseUrl = '' } }: GatewayConfig): string | undefined {
  const url = URL.parse(databaseUrl);
  if (!url) return undefined;
  url.username = '';
  url.password = '';
  return url.href;
}

/**
 * What changes when `next` is read while `inForce` is. A secret that is added or taken away changes what the gateway
 * does, so it waits for the next start like everything that is no secret.
 */
export function changesBetween(inForce: GatewayConfig, next: GatewayConfig): Changes {
  const [before, after] = [settingsOf(inForce), settingsOf(next)];
  const differs = (name: string) => !isDeepStrictEqual(before.get(name), after.get(name));
  const isSet = (name: string) => before.get(name) !== undefined && after.get(name) !== undefined;
  const differing = [...before.keys()].filter(differs);
  const taken = live.filter(
    ({ names, purpose, isOnlySecret = () => true }) =>
      names.some(differs) && names.every(isSet) && !purpose.some(differs) && isOnlySecret(inForce, next),
  );
  const changed = differing.filter((name) => taken.some(({ names }) => names.includes(name)));
  return {
    config: withValues(
      taken.reduce((config, { take }) => take(config, next), inForce),
      next,
      changed,
    ),
    changed,
    restart: differing.filter((name) => !changed.includes(name)),
  };
}

/** Every setting as read, by its variable. */
function settingsOf({ sdk, values, consent, operator: { people } }: GatewayConfig): ReadonlyMap<string, unknown> {
  const [shared, own]: Readonly<Record<string, unknown>>[] = [sdk.values, values];
  const read = new Map<string, unknown>();
  for (const [key, { name }] of Object.entries(configSettings)) read.set(name, shared?.[key]);
  for (const [key, { name }] of Object.entries(gatewaySettings)) read.set(name, own?.[key]);
  // A file may stay while what is in it changes.
  read.set(gatewaySettings.operatorsFile.name, people && [values.operatorsFile, people]);
  return read.set(gatewaySettings.consentNotices.name, [values.consentNotices, consent?.notices]);
}

/** The values as read follow what was taken, so that the next comparison begins there. */
function withValues(config: GatewayConfig, next: GatewayConfig, changed: readonly string[]): GatewayConfig {
  const keys = Object.entries(gatewaySettings).flatMap(([key, { name }]) => (changed.includes(name) ? [key] : []));
  const read: Readonly<Record<string, unknown>> = next.values;
  return { ...config, values: { ...config.values, ...Object.fromEntries(keys.map((key) => [key, read[key]])) } };
}

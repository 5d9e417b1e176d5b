import { configSettings, type Setting } from 'guestpass';
import type { Variables } from 'guestpass/settings';
import { gatewaySettings } from './settings.ts';

/** One setting as it is in force. */
export interface SettingInForce {
  /** The environment variable, whatever name it was given by. */
  readonly name: string;
  /** As it was written; `null` for a secret, for a setting that is not set, and for a default. */
  readonly value: string | null;
  /** The variable it came from, or `default` for one that goes with the target; `null` for a setting that is not set. */
  readonly origin: string | null;
  readonly secret: boolean;
  /** What is in force when it is not set, in words. */
  readonly fallback: string;
}

/** The variable each value came from, by the key of its setting. */
export type OriginsByKey = Readonly<Record<string, string | undefined>>;

interface Origins {
  readonly sdk: OriginsByKey;
  readonly gateway: OriginsByKey;
}

/** Every setting, those of the SDK first; one that both know is the gateway's. Holds no secret. */
export function settingsInForce(variables: Variables, { sdk, gateway }: Origins): readonly SettingInForce[] {
  const own = tell(gatewaySettings, gateway, variables);
  const taken = new Set(own.map(({ name }) => name));
  return [...tell(configSettings, sdk, variables).filter(({ name }) => !taken.has(name)), ...own];
}

function tell(table: Readonly<Record<string, Setting>>, origins: OriginsByKey, variables: Variables) {
  return Object.entries(table).map(([key, { name, secret, fallback }]): SettingInForce => {
    const origin = origins[key];
    if (origin === undefined) return { name, value: null, origin: null, secret, fallback };
    return { name, value: secret ? null : (variables[origin] ?? null), origin, secret, fallback };
  });
}

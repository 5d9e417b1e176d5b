import type { GatewayConfig } from '../settings/config.ts';
import { changesBetween } from './live-settings.ts';

/** Why the configuration is read again: somebody asked, or a file that is named in it has changed. */
export type ReloadCause = 'signal' | 'file';

/**
 * How a reload ended. `applied`: the secrets of `changed` are in force. `unchanged`: there were none. `refused`: what was
 * read is not usable as a whole, and everything stays as it was. `restart` has the settings that wait for the next start.
 */
export type Reload =
  | {
      readonly outcome: 'applied' | 'unchanged';
      readonly cause: ReloadCause;
      readonly changed: readonly string[];
      readonly restart: readonly string[];
    }
  | { readonly outcome: 'refused'; readonly cause: ReloadCause; readonly error: unknown };

export interface ConfigReloadOptions {
  /** The configuration of the start. */
  readonly config: GatewayConfig;
  /** Reads the whole configuration again, by the rules of the start; throws when it is not usable. */
  readonly read: (cause: ReloadCause) => GatewayConfig;
  /** Throws when a configuration that can be read could not be started with. Default each one can. */
  readonly check?: (next: GatewayConfig) => void;
}

/** A configuration whose secrets may change while it is in force. */
export interface ConfigReload {
  /** The configuration in force. Whoever uses a secret takes it from here each time. */
  readonly config: GatewayConfig;
  /** The files it was read from last. */
  readonly files: readonly string[];
  /** Reads it again. All of what may change does at once, or nothing does. */
  reload(cause: ReloadCause): Reload;
}

export function createConfigReload({ config, read, check }: ConfigReloadOptions): ConfigReload {
  let inForce = config;
  let files = config.files;
  return {
    get config() {
      return inForce;
    },
    get files() {
      return files;
    },
    reload(cause) {
      try {
        const next = read(cause);
        check?.(next);
        const { config: merged, changed, restart } = changesBetween(inForce, next);
        inForce = merged;
        files = next.files;
        return { outcome: changed.length > 0 ? 'applied' : 'unchanged', cause, changed, restart };
      } catch (error) {
        return { outcome: 'refused', cause, error };
      }
    },
  };
}

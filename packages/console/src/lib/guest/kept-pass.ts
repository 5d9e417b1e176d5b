import type { AdmittedPass } from './admission.ts';

/** Where the guest pass of this tab is kept: it outlives a reload, and ends with the tab. */
export interface KeptPass {
  read(): AdmittedPass | undefined;
  keep(pass: AdmittedPass): void;
  drop(): void;
}

/** One pass for each channel. What another version of the page left there counts as nothing. */
export function keepPass(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>, channelId: string): KeptPass {
  const name = `guestpass.${channelId}`;
  return {
    read() {
      const text = storage.getItem(name);
      return text === null ? undefined : parsePass(text);
    },
    keep: (pass) => storage.setItem(name, JSON.stringify(pass)),
    drop: () => storage.removeItem(name),
  };
}

/** Codes that say of a pass itself that nobody can talk on it any more; every other one may pass. */
const deadly = new Set(['session_expired', 'session_signed_out', 'config_invalid']);

/** Whether a pass that met this code is good for nothing. */
export function isDead(code: string): boolean {
  return deadly.has(code);
}

function parsePass(text: string): AdmittedPass | undefined {
  try {
    const pass = JSON.parse(text);
    return typeof pass?.sessionToken === 'string' && typeof pass?.connect?.url === 'string' ? pass : undefined;
  } catch {
    return undefined;
  }
}

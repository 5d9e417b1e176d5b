import { type Signal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Zone } from '../../words/instants.ts';

/** What the pages look like; `system` follows the browser. */
export type Theme = 'system' | 'light' | 'dark';

/** What an operator likes better. Kept in the browser. */
export interface Preferences {
  readonly zone: Signal<Zone>;
  readonly theme: Signal<Theme>;
}

/** Reads what was kept, and keeps what is chosen. */
export function createPreferences(storage: Pick<Storage, 'getItem' | 'setItem'>): Preferences {
  const keep = <Choice extends string>(name: string, choices: readonly [Choice, ...Choice[]]) => {
    const kept = storage.getItem(`guestpass.${name}`);
    const chosen = signal(choices.find((one) => one === kept) ?? choices[0]);
    chosen.subscribe((choice) => storage.setItem(`guestpass.${name}`, choice));
    return chosen;
  };
  return {
    zone: keep<Zone>('zone', ['local', 'utc']),
    theme: keep<Theme>('theme', ['system', 'light', 'dark']),
  };
}

/** The preferences of whoever sees what is below. */
export const PreferencesContext = createContext<Preferences | null>(null);

/** The clock to tell instants by. */
export function useZone(): Zone {
  return useContext(PreferencesContext)?.zone.value ?? 'local';
}

/** What the pages look like. */
export function useTheme(): Theme {
  return useContext(PreferencesContext)?.theme.value ?? 'system';
}

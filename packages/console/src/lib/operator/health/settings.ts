import type { Setting } from '../data/views.ts';

/** What is looked for among the settings. */
export interface SettingFilter {
  /** In names, values and origins, whatever its case. */
  readonly text: string;
  /** Leave out what is not set. */
  readonly onlySet: boolean;
}

export function wantedSettings(settings: readonly Setting[], { text, onlySet }: SettingFilter): readonly Setting[] {
  const wanted = text.trim().toLowerCase();
  return settings.filter((setting) => {
    if (onlySet && setting.origin === null) return false;
    return [setting.name, setting.value, setting.origin].some((one) => one?.toLowerCase().includes(wanted));
  });
}

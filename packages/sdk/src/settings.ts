export { didYouMean } from './lib/did-you-mean.ts';
export {
  invalidSettings,
  readSettings,
  type SettingSources,
  type SettingsRead,
  type SettingTable,
  settingNames,
  unknownSettings,
  type ValuesOf,
  type Variables,
} from './lib/read-settings.ts';
export { line, list, oneOf, type Read, share, wholeNumber } from './lib/setting-text.ts';
export { defineSetting, type Setting } from './lib/settings.ts';

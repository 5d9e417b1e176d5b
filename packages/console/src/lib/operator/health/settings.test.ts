import { expect, test } from 'vitest';
import type { Setting } from '../data/views.ts';
import { wantedSettings } from './settings.ts';

const port: Setting = { name: 'GUESTPASS_PORT', value: null, origin: null, secret: false, fallback: '4000' };
const token: Setting = {
  name: 'GUESTPASS_OPERATOR_TOKEN',
  value: null,
  origin: 'GUESTPASS_OPERATOR_TOKEN_FILE',
  secret: true,
  fallback: 'a fresh one for each start',
};
const channels: Setting = {
  name: 'GUESTPASS_ALLOWED_CHANNELS',
  value: 'web,shop',
  origin: 'GUESTPASS_ALLOWED_CHANNELS in .env',
  secret: false,
  fallback: 'any channel',
};

const namesOf = (text: string, onlySet = false) =>
  wantedSettings([port, token, channels], { text, onlySet }).map(({ name }) => name);

test('settings are found by name, value and origin', () => {
  expect(namesOf('')).toHaveLength(3);
  expect(namesOf(' guestpass_p ')).toEqual([port.name]);
  expect(namesOf('SHOP')).toEqual([channels.name]);
  expect(namesOf('.env')).toEqual([channels.name]);
  expect(namesOf('_file')).toEqual([token.name]);
});

test('what is not set can be left out', () => {
  expect(namesOf('', true)).toEqual([token.name, channels.name]);
});

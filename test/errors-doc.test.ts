import { readFileSync } from 'node:fs';
import { gatewayErrorTable } from '@guestpass/gateway/errors';
import { errorTable } from 'guestpass';
import { expect, test } from 'vitest';
import { errorsPage, renderErrors } from '../scripts/generate-errors.ts';

const codes = [...Object.keys(errorTable), ...Object.keys(gatewayErrorTable)];

test('docs/errors.md is what `npm run docs` writes today', () => {
  expect(readFileSync(errorsPage, 'utf8')).toBe(renderErrors());
});

test('a code stands in one table', () => {
  expect(new Set(codes).size).toBe(codes.length);
});

test('every code has an anchor on the page, and the page tells all that the tables tell', () => {
  const page = readFileSync(errorsPage, 'utf8');
  const anchors = [...page.matchAll(/^## (.+)$/gm)].map(([, code]) => code);
  expect(anchors).toEqual(codes);
  const links = [...page.matchAll(/\]\(#(.+?)\)/g)].map(([, code]) => code);
  expect(links).toEqual(codes);
  for (const { meaning, cause, visitor, remedy } of [
    ...Object.values(errorTable),
    ...Object.values(gatewayErrorTable),
  ]) {
    for (const words of [meaning, cause, visitor, remedy]) expect(page).toContain(words);
  }
});

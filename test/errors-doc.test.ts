import { readFileSync } from 'node:fs';
import { errorTable } from 'guestpass';
import { expect, test } from 'vitest';
import { errorsPage, renderErrors } from '../scripts/generate-errors.ts';

test('docs/errors.md is what `npm run docs` writes today', () => {
  expect(readFileSync(errorsPage, 'utf8')).toBe(renderErrors());
});

test('every code has an anchor on the page, and the page tells the visitor what the code tells', () => {
  const page = readFileSync(errorsPage, 'utf8');
  const anchors = [...page.matchAll(/^## (.+)$/gm)].map(([, code]) => code);
  expect(anchors).toEqual(Object.keys(errorTable));
  expect(page.split('**Tell the visitor:**').length - 1).toBe(anchors.length);
  expect(page).toContain(errorTable.consent_required.visitor);
});

import { once } from 'node:events';
import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';

test('a time that has passed already is waited for no longer, and nothing is said of it', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  await new Promise<void>((resolve) => systemClock.after(-5, resolve));
  // Warnings are told in their order, so this one comes last.
  const told = once(process, 'warning');
  process.emitWarning('the last one');
  await told;
  process.off('warning', note);
  expect(warnings.map(({ message }) => message)).toEqual(['the last one']);
});

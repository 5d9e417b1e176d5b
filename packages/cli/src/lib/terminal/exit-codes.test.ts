import { errorTable } from 'guestpass';
import { expect, test } from 'vitest';
import { exitCodes, exitOfError } from './exit-codes.ts';

test('every error of the SDK has an exit code', () => {
  expect(Object.keys(exitOfError).toSorted()).toEqual(Object.keys(errorTable).toSorted());
});

test('the exit codes are the documented ones', () => {
  expect(Object.values(exitCodes).map(({ code }) => code)).toEqual([0, 1, 2, 3, 4, 5, 6, 78, 130]);
});

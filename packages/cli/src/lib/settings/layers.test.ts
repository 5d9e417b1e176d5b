import { expect, test } from 'vitest';
import { lay } from './layers.ts';

const layer = (source: string, variables: Record<string, string | undefined>) => ({
  variables,
  sourceOf: () => source,
});

test('a stronger layer wins, variable by variable, and its source is known', () => {
  const { variables, sourceOf } = lay([layer('flag', { A: '1', B: undefined }), layer('env', { A: '2', B: '2' })]);
  expect(variables).toEqual({ A: '1', B: '2' });
  expect([sourceOf('A'), sourceOf('B'), sourceOf('C')]).toEqual(['flag', 'env', undefined]);
});

test('a secret file of a stronger layer replaces the secret of a weaker one, and the other way round', () => {
  expect(lay([layer('flag', { S_FILE: 'f' }), layer('env', { S: 's' })]).variables).toEqual({ S_FILE: 'f' });
  expect(lay([layer('flag', { S: 's' }), layer('env', { S_FILE: 'f' })]).variables).toEqual({ S: 's' });
});

test('both in one layer stay, to be judged', () => {
  expect(lay([layer('env', { S: 's', S_FILE: 'f' })]).variables).toEqual({ S: 's', S_FILE: 'f' });
});

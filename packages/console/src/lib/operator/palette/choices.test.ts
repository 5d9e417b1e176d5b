import { expect, test } from 'vitest';
import { choicesFor } from './choices.ts';

const titles = {
  overview: 'Overview',
  attempts: 'Attempts',
  deliveries: 'Deliveries',
  endpoints: 'Webhook endpoints',
  audit: 'Audit log',
  erasures: 'Erasures and holds',
  health: 'Health',
};
const saved = [{ name: 'Late failures', place: { view: 'attempts', params: { outcome: 'failed' } } }] as const;

const wordsFor = (text: string) => choicesFor({ text, titles, saved }).map(({ words }) => words);

test('without a text everything can be chosen, views first', () => {
  expect(wordsFor('').slice(0, 2)).toEqual(['Overview', 'Attempts']);
  expect(wordsFor('')).toContain('Late failures');
  expect(wordsFor('').at(-1)).toBe('List the keys');
});

test('each word of the text must be in the name or the kind', () => {
  expect(wordsFor('log')).toEqual(['Audit log']);
  expect(wordsFor('view late')).toEqual(['Late failures']);
  expect(wordsFor(' utc ')).toEqual(['Tell times in UTC']);
  expect(wordsFor('nothing like it')).toEqual([]);
});

test('an id opens what has it', () => {
  expect(choicesFor({ text: ' att_1a-B ', titles, saved })[0]).toMatchObject({
    kind: 'attempt',
    deed: { place: { view: 'attempts', params: { attempt: 'att_1a-B' } } },
  });
  expect(choicesFor({ text: 'dlv_1', titles, saved })[0]).toMatchObject({
    deed: { place: { view: 'deliveries', params: { delivery: 'dlv_1' } } },
  });
  const guest = 'f2b1c0de-0000-4000-8000-00000000aBcd';
  expect(wordsFor(guest)).toEqual([`Attempts of ${guest}`, `Rights of ${guest}`]);
});

test('what the role may not open is not offered', () => {
  const guest = 'f2b1c0de-0000-4000-8000-00000000aBcd';
  const words = (text: string) =>
    choicesFor({ text, titles: { attempts: 'Attempts' }, saved }).map((choice) => choice.words);
  expect(words(guest)).toEqual([`Attempts of ${guest}`]);
  expect(words('audit')).toEqual([]);
});

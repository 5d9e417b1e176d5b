import { expect, test } from 'vitest';
import { calmObserver } from './observer.ts';

const turned = { code: 'http_malformed', address: '192.0.2.1' } as const;

test('an observer hears what it listens for, and may leave the rest', () => {
  const heard: unknown[] = [];
  const observer = calmObserver({ turned: (told) => heard.push(told) });
  observer.turned(turned);
  observer.problem(new Error('nobody listens'));
  expect(heard).toEqual([turned]);
});

test('what an observer throws is told as a problem, and what that throws is dropped', () => {
  const broken = new Error('broken');
  const problems: unknown[] = [];
  const observer = calmObserver({
    turned() {
      throw broken;
    },
    problem(error) {
      problems.push(error);
      throw broken;
    },
  });
  expect(() => observer.turned(turned)).not.toThrow();
  expect(problems).toEqual([broken]);
});

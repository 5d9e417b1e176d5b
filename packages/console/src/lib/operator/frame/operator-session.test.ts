import { expect, test } from 'vitest';
import { takeSignInFailure } from './operator-session.ts';

function openedAt(address: string) {
  const shown: string[] = [];
  const location = new URL(address);
  const history = { replaceState: (_data: unknown, _unused: string, to: string) => void shown.push(to) };
  // A cast, because no more of a window is asked for.
  const failure = takeSignInFailure({ location, history } as unknown as Window);
  return { code: failure?.code, told: JSON.stringify(failure), shown };
}

test('a failed sign-in is told, and gone from the address', () => {
  const unavailable = openedAt('https://ops.example/console?view=audit#sign-in=unavailable');
  expect([unavailable.code, unavailable.shown]).toEqual(['sign_in_unavailable', ['/console?view=audit']]);
  expect(openedAt('https://ops.example/console#sign-in=refused').code).toBe('sign_in_refused');
  expect(openedAt('https://ops.example/console').told).toBe('null');
});

test('nobody can put words of their own into the console by a link', () => {
  const { code, told } = openedAt('https://ops.example/console#sign-in=call+0800+canary');
  expect(code).toBe('sign_in_refused');
  expect(told).not.toContain('canary');
});

import { GuestpassError } from 'guestpass';
import { expect, test } from 'vitest';
import { pickFields, unknownField } from './fields.ts';

const attempt = { id: 'att_1', stages: { token: 3, guest: 5 }, error: null, statusCodes: [429, 201] };

test('fields come alone and in the order asked for; dots lead into objects', () => {
  const picked = pickFields(attempt, ['stages.guest', 'id', 'statusCodes.1']);
  expect(JSON.stringify(picked)).toBe('{"stages":{"guest":5},"id":"att_1","statusCodes":{"1":201}}');
  expect(pickFields(attempt, undefined)).toBe(attempt);
});

test('what an object has not is null, and no name is special', () => {
  const picked = pickFields(attempt, ['error.code', 'stages.toString', 'stages.__proto__.x', 'id.length']);
  expect(JSON.stringify(picked)).toBe(
    '{"error":{"code":null},"stages":{"toString":null,"__proto__":{"x":null}},"id":{"length":null}}',
  );
});

test('an object and what is in it may be asked for together', () => {
  expect(JSON.stringify(pickFields(attempt, ['stages', 'stages.token']))).toBe('{"stages":{"token":3,"guest":5}}');
});

test('what a value is as JSON is what is picked from', () => {
  const error = new GuestpassError('forbidden', 'No.');
  expect(JSON.stringify(pickFields({ error }, ['error.code']))).toBe('{"error":{"code":"forbidden"}}');
});

test('a field that there is not is told with those there are', () => {
  const known = ['id', 'state', 'stages.*'];
  expect(unknownField(['id', 'stages', 'stages.token'], known)).toBeUndefined();
  expect(unknownField(['id', 'sate'], known)).toBe('There is no field sate. Give some of id, state, stages.*.');
  expect(unknownField(['id.x'], known)).toContain('no field id.x');
  expect(unknownField(['stages.'], known)).toContain('no field stages.');
});

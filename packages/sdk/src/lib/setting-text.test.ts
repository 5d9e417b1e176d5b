import { expect, test } from 'vitest';
import { line, list, oneOf, scope, share, urlPath, wholeNumber } from './setting-text.ts';

const faulty = { fault: expect.any(String) };

test('whole numbers are decimal digits within bounds', () => {
  const read = wholeNumber(1, 100);
  expect(read('100')).toEqual({ value: 100 });
  expect(['0', '101', '-1', '1.5', '1e2', '0x10', ' 1', '', '１'].map(read)).toEqual(Array(9).fill(faulty));
});

test('a share is a decimal number from 0 to 1', () => {
  expect(['0', '0.5', '1', '1.0'].map(share)).toEqual([{ value: 0 }, { value: 0.5 }, { value: 1 }, { value: 1 }]);
  expect(['1.1', '.5', '-0', '50%', '1e-1', '', 'NaN'].map(share)).toEqual(Array(7).fill(faulty));
});

test('one word out of a few is taken as written', () => {
  const read = oneOf('optional', 'required');
  expect(read('required')).toEqual({ value: 'required' });
  expect(read('Required')).toEqual({ fault: 'must be optional or required' });
});

test('a line is not empty, not too long and holds no control character', () => {
  const read = line(5);
  expect(read('a b c')).toEqual({ value: 'a b c' });
  expect(['', 'abcdef', 'a\nb', 'a\u0000', 'a\u2028'].map(read)).toEqual(Array(5).fill(faulty));
});

test('a list is separated by commas and has no empty entry', () => {
  expect(list('demo, your-channel-id')).toEqual({ value: ['demo', 'your-channel-id'] });
  expect(['', 'a,', ',a', 'a,,b', 'a\n'].map(list)).toEqual([faulty, faulty, faulty, faulty, { value: ['a'] }]);
});

test('a path begins with one slash and is nothing but a path', () => {
  expect(urlPath('/api/v2/guests')).toEqual({ value: '/api/v2/guests' });
  const wrong = ['', 'api', '//evil.example', '/a?b', '/a#b', '/a b', '/a/../b', '/a\\b', '/ä'];
  expect(wrong.map(urlPath)).toEqual(Array(9).fill(faulty));
});

test('scopes are separated by single spaces, and none is none', () => {
  expect(scope('webmessaging:guest:create openid')).toEqual({ value: 'webmessaging:guest:create openid' });
  expect(scope('')).toEqual({ value: '' });
  expect(['a  b', ' a', 'a"b', 'a\\b', 'a\n'].map(scope)).toEqual(Array(5).fill(faulty));
});

import { expect, test } from 'vitest';
import { executes, parseFault } from './fault.ts';

const problemsOf = (input: unknown) => {
  const parsed = parseFault(input);
  return parsed.ok ? [] : parsed.problems.map(({ path, detail }) => `${path}: ${detail}`);
};

const executed = (input: unknown) => {
  const parsed = parseFault(input);
  return parsed.ok ? executes(parsed.fault) : undefined;
};

test('fills in that it is for one request of any operation, at once and for certain', () => {
  expect(parseFault({ status: 503 })).toEqual({
    ok: true,
    fault: { operation: 'any', times: 1, after: 0, probability: 1, status: 503 },
  });
});

test('effects that go together may stand together', () => {
  const fault = { status: 429, body: 'html', headers: { 'Retry-After': ['1', 'x'] }, delayMs: 5, truncate: true };
  expect(problemsOf(fault)).toEqual([]);
  expect(problemsOf({ delayMs: 5, reset: 'after' })).toEqual([]);
  expect(problemsOf({ delayMs: 5, stall: true, executes: true })).toEqual([]);
});

test('a fault that does nothing is refused', () => {
  expect(problemsOf({})).toEqual([
    ': must do something: status, body, headers, delayMs, reset, truncate or stall; on sockets code, expire, duplicate or reorder',
  ]);
});

test('a fault that both answers and does not is refused', () => {
  expect(problemsOf({ status: 500, reset: 'before' })).toHaveLength(1);
  expect(problemsOf({ reset: 'before', stall: true })).toHaveLength(1);
  expect(problemsOf({ truncate: true, stall: true })).toHaveLength(1);
  expect(problemsOf({ reset: 'before', executes: true })).toEqual(['executes: is told by reset: before or after']);
});

test('headers that HTTP cannot carry, or that frame the message, are refused', () => {
  expect(problemsOf({ headers: { 'Retry After': '1' } })).toHaveLength(1);
  expect(problemsOf({ headers: { 'Retry-After': '1\r\nX: y' } })).toHaveLength(1);
  expect(problemsOf({ headers: { 'Content-Length': '1' } })).toEqual(['headers: must not frame the message']);
  expect(problemsOf({ headers: { 'Retry-After': [] } })).toHaveLength(1);
});

test('numbers out of range, unknown fields and what is no object are refused', () => {
  expect(problemsOf({ status: 199 })).toHaveLength(1);
  expect(problemsOf({ status: 503, times: 0 })).toHaveLength(1);
  expect(problemsOf({ status: 503, probability: 0 })).toHaveLength(1);
  expect(problemsOf({ status: 503, after: -1 })).toHaveLength(1);
  expect(problemsOf({ delayMs: -1 })).toHaveLength(1);
  expect(problemsOf({ body: { bytes: 67_108_865 } })).toHaveLength(1);
  expect(problemsOf({ status: 503, colour: 'red' })).toHaveLength(1);
  expect(problemsOf('status')).toHaveLength(1);
});

test('what a request still does follows from the fault, unless it is said', () => {
  expect(executed({ body: 'html' })).toBe(true);
  expect(executed({ delayMs: 1 })).toBe(true);
  expect(executed({ truncate: true })).toBe(true);
  expect(executed({ status: 200 })).toBe(true);
  expect(executed({ reset: 'after' })).toBe(true);
  expect(executed({ reset: 'before' })).toBe(false);
  expect(executed({ stall: true })).toBe(false);
  expect(executed({ status: 302 })).toBe(false);
  expect(executed({ status: 503 })).toBe(false);
  expect(executed({ status: 504, executes: true })).toBe(true);
  expect(executed({ body: 'html', executes: false })).toBe(false);
});

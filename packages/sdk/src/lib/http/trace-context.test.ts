import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { continueTrace, formatTraceparent, harmlessTracestate, parseTraceparent } from './trace-context.ts';

const example = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const begun = { operation: 'guest', method: 'POST', url: 'https://api.example/guests', resends: 0 };

test('a traceparent is read and written', () => {
  const parent = parseTraceparent(example);
  expect(parent).toEqual({
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    parentId: '00f067aa0ba902b7',
    sampled: true,
  });
  expect(parent && formatTraceparent(parent)).toBe(example);
});

test.each([
  ['upper case', example.toUpperCase()],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
  ['a span id of zeros', `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`],
  ['version ff', example.replace(/^00/, 'ff')],
  ['more after version 00', `${example}-extra`],
  ['a short id', '00-4bf92f3577b34da6-00f067aa0ba902b7-01'],
  ['two of them', `${example}, ${example}`],
  ['a line break', `${example}\n`],
  ['nothing', ''],
])('a traceparent with %s is not one', (_name, text) => {
  expect(parseTraceparent(text)).toBeUndefined();
});

test('a later version is read as far as it is known', () => {
  expect(parseTraceparent(`01${example.slice(2)}-more`)).toMatchObject({ sampled: true });
});

test('a tracestate that is too long or holds more than text is dropped', () => {
  expect(harmlessTracestate('rojo=1,congo=2')).toBe('rojo=1,congo=2');
  for (const bad of ['', 'a=\r\nx-evil: 1', 'a=ü', 'a'.repeat(513), null, undefined]) {
    expect(harmlessTracestate(bad)).toBeUndefined();
  }
});

test('each try gets an id of its own in the trace that is carried on', () => {
  const trace = continueTrace({ traceparent: example, tracestate: 'rojo=1' });
  const [first, second] = [trace(begun)?.headers, trace(begun)?.headers];
  for (const headers of [first, second]) {
    expect(parseTraceparent(headers?.traceparent)).toMatchObject({
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      sampled: true,
    });
    expect(headers?.tracestate).toBe('rojo=1');
  }
  expect(new Set([first?.traceparent, second?.traceparent, example]).size).toBe(3);
});

test('a malformed traceparent is not carried on: one trace begins for all tries, and nobody samples it', () => {
  const trace = continueTrace({ traceparent: `${example}x`, tracestate: 'rojo=1' });
  const [first, second] = [trace(begun)?.headers, trace(begun)?.headers];
  expect(parseTraceparent(first?.traceparent)).toMatchObject({ sampled: false });
  expect(first?.traceparent.slice(0, 35)).toBe(second?.traceparent.slice(0, 35));
  expect(first?.traceparent).not.toContain('4bf92f3577b34da6a3ce929d0e0e4736');
  expect(first).not.toHaveProperty('tracestate');
});

test('whatever comes in, what goes out is well-formed', () => {
  void fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (traceparent, tracestate) => {
      const headers = continueTrace({ traceparent, tracestate })(begun)?.headers;
      expect(headers?.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
      expect(headers?.tracestate ?? '').toMatch(/^[\x20-\x7e]*$/);
    }),
  );
});

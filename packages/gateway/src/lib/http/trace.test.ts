import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTraceparent, requestId, traceOf, traceparent } from './trace.ts';

const example = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

test('a traced caller is followed, with a span of our own', () => {
  const trace = traceOf(new Headers({ traceparent: example, tracestate: 'rojo=00f067aa0ba902b7' }));
  expect(trace).toMatchObject({
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    parentId: '00f067aa0ba902b7',
    sampled: true,
    tracestate: 'rojo=00f067aa0ba902b7',
  });
  expect(trace.spanId).toMatch(/^[0-9a-f]{16}$/);
  expect(trace.spanId).not.toBe(trace.parentId);
  expect(traceparent(trace)).toBe(`00-4bf92f3577b34da6a3ce929d0e0e4736-${trace.spanId}-01`);
});

test('without a caller to follow a trace begins here', () => {
  const trace = traceOf(new Headers({ tracestate: 'orphan=1' }));
  expect(trace).toMatchObject({ parentId: null, sampled: false, tracestate: null });
  expect(parseTraceparent(traceparent(trace))).toEqual({
    traceId: trace.traceId,
    parentId: trace.spanId,
    sampled: false,
  });
  expect(traceOf(new Headers()).traceId).not.toBe(trace.traceId);
});

test.each([
  ['upper case', example.toUpperCase()],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
  ['a span id of zeros', `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`],
  ['version ff', example.replace(/^00/, 'ff')],
  ['more after version 00', `${example}-extra`],
  ['a short id', '00-4bf92f3577b34da6-00f067aa0ba902b7-01'],
  ['two of them', `${example}, ${example}`],
  ['nothing', ''],
])('a traceparent with %s is not followed', (_name, text) => {
  expect(parseTraceparent(text)).toBeUndefined();
});

test('a later version is read as far as it is known', () => {
  expect(parseTraceparent(`01${example.slice(2)}-more`)).toMatchObject({ sampled: true });
});

test('a harmless request id is kept, any other is replaced', () => {
  expect(requestId('abc-DEF_0123.x')).toBe('abc-DEF_0123.x');
  const bad = ['short', 'a'.repeat(129), 'with space', 'line\nbreak', '<script>1</script>', 'ünïcödé-id', ''];
  for (const given of bad) expect(requestId(given)).toMatch(/^req_[0-9a-f-]{36}$/);
  expect(requestId()).not.toBe(requestId());
});

test('whatever the headers say, ids are safe to log', () => {
  void fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (id, parent) => {
      const trace = traceOf({ get: (name) => (name === 'x-request-id' ? id : parent) });
      expect(trace.requestId).toMatch(/^[A-Za-z0-9._-]{8,128}$/);
      expect(traceparent(trace)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
    }),
  );
});

import * as fc from 'fast-check';
import { parseTraceparent } from 'guestpass/http';
import { expect, test } from 'vitest';
import { traceOf } from './trace-place.ts';

const example = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

test('a traced caller is followed, with an id of our own', () => {
  const { traceId, traceparent, tracestate } = traceOf(
    new Headers({ traceparent: example, tracestate: 'rojo=00f067aa0ba902b7' }),
  );
  expect([traceId, tracestate]).toEqual(['4bf92f3577b34da6a3ce929d0e0e4736', 'rojo=00f067aa0ba902b7']);
  expect(parseTraceparent(traceparent)).toMatchObject({ traceId, sampled: true });
  expect(traceparent).not.toBe(example);
});

test('without a caller to follow a trace begins here', () => {
  const { traceId, traceparent, tracestate } = traceOf(new Headers({ tracestate: 'orphan=1' }));
  expect(parseTraceparent(traceparent)).toMatchObject({ traceId, sampled: false });
  expect(tracestate).toBeUndefined();
  expect(traceOf(new Headers()).traceId).not.toBe(traceId);
});

test('whatever the headers say, what is sent on is well-formed', () => {
  void fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (given) => {
      const { traceId, traceparent, tracestate = '' } = traceOf({ get: () => given });
      expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
      expect(traceparent).toContain(traceId);
      expect(tracestate).toMatch(/^[\x20-\x7e]*$/);
    }),
  );
});

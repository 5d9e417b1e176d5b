import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEventReader } from './server-sent-events.ts';

const read = (chunks: readonly Uint8Array[], after?: string) => {
  const reader = createEventReader(after);
  return { events: chunks.flatMap((chunk) => [...reader.read(chunk)]), reader };
};

const bytes = (text: string) => new TextEncoder().encode(text);

test('events have their type and data, comments say nothing, and the id holds until another comes', () => {
  const { events, reader } = read([
    bytes('retry: 2000\n\n:\n\nid: 4\nevent: attempt\ndata: {}\ndata: x\n\ndata:y\n\n'),
  ]);
  expect(events).toEqual([
    { type: 'attempt', data: '{}\nx' },
    { type: 'message', data: 'y' },
  ]);
  expect([reader.lastEventId, reader.retryMs]).toEqual(['4', 2000]);
});

test('the id of an event that broke off does not count', () => {
  expect(read([bytes('id: 5\nevent: attempt\ndata: {')], '4').reader.lastEventId).toBe('4');
});

test('an event without end fills no memory', () => {
  const huge = bytes(`data: ${'x'.repeat(200_000)}\n`);
  const { events } = read([...Array.from({ length: 10 }, () => huge), bytes('\ndata: next\n\n')]);
  expect(events).toEqual([{ type: 'message', data: 'next' }]);
});

test('where a stream is cut into pieces makes no difference', () => {
  const whole = bytes('id: 1\r\nevent: attempt\r\ndata: {"näme":"ü"}\r\n\r\nid: 2\ndata: b\n\n');
  void fc.assert(
    fc.property(fc.array(fc.nat({ max: whole.length }), { maxLength: 6 }), (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
      const chunks = at.slice(1).map((end, index) => whole.subarray(at[index], end));
      expect(read(chunks).events).toEqual(read([whole]).events);
    }),
  );
});

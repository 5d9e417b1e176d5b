import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { requestId } from './request-id.ts';

test('a harmless request id is kept, any other is replaced', () => {
  expect(requestId('abc-DEF_0123.x')).toBe('abc-DEF_0123.x');
  const bad = ['short', 'a'.repeat(129), 'with space', 'line\nbreak', '<script>1</script>', 'ünïcödé-id', ''];
  for (const given of bad) expect(requestId(given)).toMatch(/^req_[0-9a-f-]{36}$/);
  expect(requestId()).not.toBe(requestId());
});

test('whatever the header says, the id is safe to log', () => {
  void fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (given) => {
      expect(requestId(given)).toMatch(/^[A-Za-z0-9._-]{8,128}$/);
    }),
  );
});

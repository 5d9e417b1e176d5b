import { expect, test } from 'vitest';
import { parseOperators } from './operators.ts';

const hashOf = (digit: string) => digit.repeat(64);
const ana = { name: 'ana', role: 'auditor', tokenSha256: hashOf('a') };

function faultsOf(written: unknown): readonly string[] {
  const read = parseOperators(typeof written === 'string' ? written : JSON.stringify(written));
  return 'faults' in read ? read.faults.map(({ pointer, detail }) => `${pointer} ${detail}`.trim()) : [];
}

test('operators are read as they are written, behind a byte order mark too', () => {
  const both = [ana, { name: 'ben@example.com', role: 'admin', tokenSha256: hashOf('b') }];
  expect(parseOperators(JSON.stringify(both))).toEqual({ operators: both });
  expect(parseOperators(`\ufeff${JSON.stringify(both)}`)).toEqual({ operators: both });
});

test('a list may be empty, so that the last one can be taken out', () => {
  expect(parseOperators('[]')).toEqual({ operators: [] });
});

test('every fault is told at once, and none repeats what is written', () => {
  const faults = faultsOf([
    { name: 'canary name', role: 'canary', tokenSha256: 'canary-token' },
    { name: 'ben', tokenSha256: hashOf('B'), token: 'canary' },
    { name: 'Operator', role: 'viewer', tokenSha256: hashOf('c') },
  ]);
  expect(faults).toEqual([
    '/0/name must be 1 to 64 letters, digits or any of . _ @ + -',
    '/0/role must be viewer, auditor, operator or admin',
    '/0/tokenSha256 must be 64 lower-case hexadecimal digits',
    '/1/role must be viewer, auditor, operator or admin',
    '/1/tokenSha256 must be 64 lower-case hexadecimal digits',
    '/1/token is not a known field',
    '/2/name is the name of whoever has GUESTPASS_OPERATOR_TOKEN',
  ]);
  expect(faults.join()).not.toContain('canary');
});

test('one name is one person and one token one person’s', () => {
  const twice = [ana, { ...ana, name: 'ANA' }, { ...ana, name: 'ben' }];
  expect(faultsOf(twice)).toEqual([
    '/1/name is the name of /0 too',
    '/1/tokenSha256 is the token of /0 too',
    '/2/tokenSha256 is the token of /0 too',
  ]);
});

test.each([
  ['no JSON', '[{', 'is not JSON'],
  ['no list', '{}', 'must be an array'],
])('a file with %s is refused', (_name, written, fault) => {
  expect(faultsOf(written)).toEqual([fault]);
});

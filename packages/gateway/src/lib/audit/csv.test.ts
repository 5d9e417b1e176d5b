import { expect, test } from 'vitest';
import { csvRow } from './csv.ts';
import { recordColumns, recordRow } from './record-row.ts';

test('cells are quoted where they must be, and nowhere else', () => {
  expect(csvRow(['a', 1, true, null, 'b c'])).toBe('a,1,true,,b c\r\n');
  expect(csvRow(['a,b', 'say "hi"', 'two\nlines', 'two\rlines', 'a;b'])).toBe(
    '"a,b","say ""hi""","two\nlines","two\rlines","a;b"\r\n',
  );
});

test.each([
  ['an equals sign', '=1+1', "'=1+1"],
  ['a plus', '+1', "'+1"],
  ['a minus', '-1', "'-1"],
  ['an at sign', '@SUM(A1)', "'@SUM(A1)"],
  ['a tab', '\t=1', "'\t=1"],
  ['a zero character', '\0=1', "'\0=1"],
  ['a carriage return', '\r=1', '"\'\r=1"'],
  ['a line feed', '\n=1', '"\'\n=1"'],
  ['a full-width equals sign', '＝1', "'＝1"],
  ['a small equals sign', '﹦1', "'﹦1"],
  ['a formula with quotes and commas', '=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
])('text that begins with %s is no formula', (_name, text, cell) => {
  expect(csvRow(['x', text])).toBe(`x,${cell}\r\n`);
});

test.each([
  ['behind a semicolon', "demo;=cmd|' /C calc'!A0;x", `"demo;'=cmd|' /C calc'!A0;x"`],
  ['behind each of them', ';@A1;+1; -1;', `";'@A1;'+1; -1;"`],
  ['behind one and a quote', 'a;"=1;b', `"a;'""=1;b"`],
  ['at the beginning and behind one', '=1;=2', `"'=1;'=2"`],
])('text is no formula %s, where spreadsheets of many countries begin a cell', (_name, text, cell) => {
  expect(csvRow([text])).toBe(`${cell}\r\n`);
});

test('a sign inside of text, and a negative number, stay as they are', () => {
  expect(csvRow(['a=b', '1-1', -1])).toBe('a=b,1-1,-1\r\n');
});

test('members without a column of their own stand together', () => {
  const line = JSON.stringify({
    sequence: 3,
    eventType: 'X',
    channelId: null,
    stages: { token: 1 },
    extra: '=1',
    hash: 'h',
  });
  const row = Object.fromEntries(recordColumns.map((name, index) => [name, recordRow(line, null)[index]]));
  expect(row).toMatchObject({ sequence: 3, eventType: 'X', channelId: null, attemptId: null, hash: 'h' });
  expect(row.details).toBe('{"stages":{"token":1},"extra":"=1"}');
});

test('a line that is no record is kept as it is', () => {
  for (const line of ['broken', 'null', '"text"']) {
    const row = recordRow(line, null);
    expect(row).toHaveLength(recordColumns.length);
    expect(row.filter((cell) => cell !== null)).toEqual([line]);
  }
});

test('what a line holds sealed stands in its place, and nothing does once it is erased', () => {
  const line = JSON.stringify({
    sequence: 2,
    guestId: 'sealed',
    correlationId: 'sealed',
    consent: 'sealed',
    sealed: 'AQ',
  });
  const rowOf = (opened: Parameters<typeof recordRow>[1]) =>
    Object.fromEntries(recordColumns.map((name, index) => [name, recordRow(line, opened)[index]]));
  const opened = rowOf({ guestId: 'guest-1', correlationId: 'correlation-1', detail: 'more' });
  expect(opened).toMatchObject({ sequence: 2, guestId: 'guest-1', correlationId: 'correlation-1' });
  expect(opened.details).toBe('{"consent":null,"detail":"more"}');
  expect(rowOf(null)).toMatchObject({ guestId: null, correlationId: null, details: '{"consent":null}' });
});

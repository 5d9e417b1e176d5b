import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BatchFormat, inputsIn } from './inputs.ts';
import { linesIn } from './lines.ts';

/** The bytes of a text, cut into pieces at these places. */
async function* cut(text: string, cuts: readonly number[]): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = new TextEncoder().encode(text);
  const at = [0, ...cuts.map((one) => one % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  for (const [index, end] of at.slice(1).entries()) yield bytes.subarray(at[index], end);
}

const read = (text: string, format: BatchFormat, cuts: readonly number[] = []) =>
  Array.fromAsync(inputsIn(cut(text, cuts), format));

const cuts = fc.array(fc.nat(), { maxLength: 8 });

test('lines are the same wherever the bytes were cut, and their ends are where they stand', async () => {
  const text = fc.array(
    fc.string({ unit: 'grapheme' }).map((line) => line.replace(/[\r\n\ufeff]/g, '')),
    { maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(text, cuts, async (lines, places) => {
      const found = await Array.fromAsync(linesIn(cut(lines.map((line) => `${line}\n`).join(''), places)));
      expect(found.map((line) => line.text)).toEqual(
        lines.map((line) => new TextDecoder().decode(new TextEncoder().encode(line))),
      );
      expect(found.at(-1)?.end ?? 0).toBe(lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0));
    }),
  );
});

test('a table says what was put into it, quotes, commas and line breaks included', async () => {
  const notes = fc.array(
    fc.string({ unit: 'grapheme' }).filter((note) => note !== '' && !/[\r\ufeff]/.test(note) && note.isWellFormed()),
    {
      minLength: 1,
      maxLength: 6,
    },
  );
  await fc.assert(
    fc.asyncProperty(notes, cuts, async (given, places) => {
      const rows = given.map((note) => `demo,"${note.replaceAll('"', '""')}"\r\n`);
      const found = await read(`channelId,attributes.note\r\n${rows.join('')}`, 'csv', places);
      const payloads = found.map((input) => ('text' in input ? JSON.parse(input.text) : input));
      expect(payloads).toEqual(given.map((note) => ({ channelId: 'demo', attributes: { note } })));
    }),
  );
});

test('no table can make the reader fail, and each row is one input', async () => {
  const rows = fc.array(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ') }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(rows, async (given) => {
      const found = await read(`channelId,attributes.a\n${given.join('\n')}`, 'csv');
      expect(found.every((input) => ('text' in input ? JSON.parse(input.text) : input.fault) !== undefined)).toBe(true);
      const numbers = found.map(({ number }) => number);
      expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    }),
  );
});

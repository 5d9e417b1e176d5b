import type { BatchInput } from './batch-input.ts';
import { csvInputs } from './csv.ts';
import { type InputLine, linesIn } from './lines.ts';

export type BatchFormat = 'ndjson' | 'csv';

/** Reads the guests of an input, one after the other. */
export function inputsIn(chunks: AsyncIterable<Uint8Array>, format: BatchFormat): AsyncIterable<BatchInput> {
  const lines = linesIn(chunks);
  return format === 'csv' ? csvInputs(lines) : ndjsonInputs(lines);
}

async function* ndjsonInputs(lines: AsyncIterable<InputLine>): AsyncGenerator<BatchInput, void, undefined> {
  for await (const { number, text } of lines) {
    if (text === undefined) yield { number, fault: 'is too long, or is not UTF-8' };
    else if (text.trim() !== '') yield { number, text };
  }
}

/** Lines of text without their line breaks, from wherever they come. */
export type Lines = AsyncIterable<string> | Iterable<string>;

/** A line, and where it stands; 1 for the first. */
export interface NumberedLine {
  readonly text: string;
  readonly line: number;
}

/** Counts lines; closes the source when it is closed. */
export async function* numbered(lines: Lines): AsyncGenerator<NumberedLine, void, undefined> {
  let line = 0;
  for await (const text of lines) {
    line += 1;
    yield { text, line };
  }
}

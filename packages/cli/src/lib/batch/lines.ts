/** One line of an input, without its line break. */
export interface InputLine {
  /** From 1. */
  readonly number: number;
  /** `undefined` for a line that is too long, or not UTF-8. */
  readonly text: string | undefined;
  /** Offset behind the line and its break. */
  readonly end: number;
  /** False for a rest that no line break follows. */
  readonly isWhole: boolean;
}

/** Longer than any payload: that is at most 512,000 bytes. */
export const longestLine = 1_048_576;

/**
 * Cuts bytes into lines at `\n`, in constant memory: a line beyond {@link longestLine} is not kept. A byte order mark
 * and the `\r` of a `\r\n` are left out. What `readline` takes for line breaks beside these stays in the line.
 */
export async function* linesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<InputLine, void, undefined> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let number = 1;
  let end = 0;
  const keep = (part: Uint8Array) => {
    size += part.length;
    if (size <= longestLine) parts.push(part);
    else parts = [];
  };
  const take = (isWhole: boolean): InputLine => {
    const line = { number, text: size > longestLine ? undefined : decode(parts, number), end, isWhole };
    parts = [];
    size = 0;
    number += 1;
    return line;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let to = chunk.indexOf(newline); to !== -1; to = chunk.indexOf(newline, from)) {
      keep(chunk.subarray(from, to));
      end += to + 1 - from;
      yield take(true);
      from = to + 1;
    }
    // Copied, because whoever reads may fill the same memory again.
    keep(chunk.slice(from));
    end += chunk.length - from;
  }
  if (size > 0) yield take(false);
}

const newline = 0x0a;

function decode(parts: readonly Uint8Array[], number: number): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: number > 1 }).decode(Buffer.concat(parts));
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  } catch {
    return undefined;
  }
}

import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { longestLine } from './chain.ts';

/** One line of a file, and where it stands. */
export interface LogLine {
  readonly text: string;
  /** Offset of its first byte. */
  readonly start: number;
  /** Offset behind its last byte, and behind its line break when it has one. */
  readonly end: number;
  /** False for the rest of a file that does not end in a line break. */
  readonly complete: boolean;
}

/**
 * Reads a file line by line, in constant memory. A line beyond {@link longestLine} is cut short one byte behind that
 * bound, so that it is seen to be too long; one that is not UTF-8 is read as Latin-1, so that it cannot pass for what
 * was written.
 */
export async function* readLogLines(path: string): AsyncGenerator<LogLine, void, undefined> {
  await using file = await open(path, 'r');
  const buffer = Buffer.allocUnsafe(256 * 1024);
  let held = nothing;
  let start = 0;
  let at = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    let from = 0;
    for (let to = chunk.indexOf(newline); to !== -1; to = chunk.indexOf(newline, from)) {
      const end = at + to + 1;
      yield { text: decode(join(held, chunk.subarray(from, to))), start, end, complete: true };
      held = nothing;
      start = end;
      from = to + 1;
    }
    // Copied, because the buffer is read into again.
    held = Buffer.from(join(held, chunk.subarray(from)));
    at += bytesRead;
  }
  if (start < at) yield { text: decode(held), start, end: at, complete: false };
}

/** The text of each line of an audit log, in constant memory: what `verifyAuditLog` takes. */
export async function* readAuditLines(path: string): AsyncGenerator<string, void, undefined> {
  for await (const { text } of readLogLines(path)) yield text;
}

const newline = 0x0a;
const nothing: Buffer = Buffer.alloc(0);

function join(held: Buffer, more: Buffer): Buffer {
  const kept = more.subarray(0, longestLine + 1 - held.length);
  return held.length === 0 ? kept : Buffer.concat([held, kept]);
}

function decode(bytes: Buffer): string {
  return bytes.length <= longestLine && isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1');
}

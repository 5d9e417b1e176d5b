import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { LogFile } from './log-file.ts';
import type { LogLine } from './log-lines.ts';

/**
 * Moves the rest of a write that a crash cut short to `<path>.torn`. Nothing is thrown away, though nobody was told that
 * these bytes were kept.
 */
export async function setTornAside(file: LogFile, path: string, torn: LogLine): Promise<void> {
  const bytes = createReadStream(path, { start: torn.start });
  const aside = createWriteStream(`${path}.torn`, { flags: 'a', mode: 0o600, flush: true });
  await pipeline(
    bytes,
    async function* (chunks) {
      yield* chunks;
      if (!torn.complete) yield '\n';
    },
    aside,
  );
  await file.truncate(torn.start);
}

import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, rmSync, writeFileSync } from 'node:fs';

/** A file for the report of a run, open since before it. */
export interface JunitFile extends Disposable {
  write(xml: string): void;
}

/**
 * Opens the file, so that one that cannot be written is told before the run. What it held stays until the report is
 * there; a file that was not there before is gone again when there is none.
 *
 * @throws Error of the system.
 */
export function openJunitFile(path: string): JunitFile {
  const isNew = !existsSync(path);
  const file = openSync(path, 'a');
  let isWritten = false;
  return {
    write(xml) {
      // A pipe has nothing to be cut off.
      if (fstatSync(file).isFile()) ftruncateSync(file);
      writeFileSync(file, xml);
      isWritten = true;
    },
    [Symbol.dispose]() {
      closeSync(file);
      if (isNew && !isWritten) rmSync(path, { force: true });
    },
  };
}

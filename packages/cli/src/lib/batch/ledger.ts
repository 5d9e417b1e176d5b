/** What is known of a line: nothing, that it was begun, that it ended, or that it ended and nobody knows how. */
export type LineState = 'new' | 'begun' | 'done' | 'unknown';

const states = ['new', 'begun', 'done', 'unknown'] as const;

/** What is known of each line, in five bytes a line. */
export interface Ledger {
  /** Keeps the state of a line, and the digest it had. */
  set(line: number, state: LineState, digest: number): void;
  state(line: number): LineState;
  digest(line: number): number;
}

export function createLedger(): Ledger {
  let kinds = new Uint8Array(1_024);
  let digests = new Uint32Array(1_024);
  const grow = (line: number) => {
    if (line < kinds.length) return;
    const size = Math.max(line + 1, kinds.length * 2);
    const [biggerKinds, biggerDigests] = [new Uint8Array(size), new Uint32Array(size)];
    biggerKinds.set(kinds);
    biggerDigests.set(digests);
    [kinds, digests] = [biggerKinds, biggerDigests];
  };
  return {
    set(line, state, digest) {
      grow(line);
      kinds[line] = states.indexOf(state);
      digests[line] = digest;
    },
    state: (line) => states[kinds[line] ?? 0] ?? 'new',
    digest: (line) => digests[line] ?? 0,
  };
}

import type { Sample } from './samples.ts';

/** A time in which guests whom policy let through did not all get in. */
export interface Trouble {
  /** Its first failure. */
  readonly fromMs: number;
  /** Whether nobody is known to have got in before: it may be older. */
  readonly mayBeOlder: boolean;
  /** Its last failure so far. */
  readonly lastMs: number;
  /** Whether it has ended: everybody has got in since. */
  readonly isOver: boolean;
}

/** So many in a row, and for so long, say that it is over; fewer may be chance. */
const fewestCalm = 10;
const calmMs = 60_000;

/** The latest trouble in samples, oldest first; `null` when there was none. */
export function troubleOf(samples: readonly Sample[]): Trouble | null {
  let trouble: Trouble | null = null;
  let run = 0;
  let anybody = false;
  for (const { outcome, atMs } of samples) {
    if (outcome === 'admitted') {
      anybody = true;
      run += 1;
      if (trouble && run >= fewestCalm) trouble = calmed(trouble, atMs);
    } else if (outcome === 'failed' || outcome === 'unknown') {
      run = 0;
      trouble = goOn(trouble, { fromMs: atMs, mayBeOlder: !anybody });
    }
  }
  return trouble;
}

/** A failure that begins a trouble, unless one lasts already. */
function goOn(before: Trouble | null, begun: Pick<Trouble, 'fromMs' | 'mayBeOlder'>): Trouble {
  const { fromMs, mayBeOlder } = before && !before.isOver ? before : begun;
  return { fromMs, mayBeOlder, lastMs: begun.fromMs, isOver: false };
}

function calmed(trouble: Trouble, atMs: number): Trouble {
  return trouble.isOver || atMs - trouble.lastMs < calmMs ? trouble : { ...trouble, isOver: true };
}

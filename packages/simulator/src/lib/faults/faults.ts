import type { SeededRandom } from '../random.ts';
import { isFor, type Occasion, type ParsedFault, parseFault, type SimulatorFault } from './fault.ts';

/** A fault in waiting. */
export interface OpenFault {
  readonly id: string;
  /** With its defaults filled in. */
  readonly fault: ParsedFault;
  /** Requests of its operation seen since it was added. */
  readonly seen: number;
  /** Requests it spoiled. */
  readonly used: number;
}

/** The script of what goes wrong. */
export interface Faults {
  /** Adds one and returns its id. Throws a `TypeError` that names every problem when it is not a fault. */
  add(fault: SimulatorFault): string;
  /** Those not spent yet, in the order they were added. */
  list(): readonly OpenFault[];
  clear(): void;
}

/** The side of the script that requests meet. */
export interface FaultScript extends Faults {
  /** The first fault for this request or frame, now used once more. Of several, the one added first. */
  take(occasion: Occasion): ParsedFault | undefined;
  /** How often a fault was used, whichever it was. */
  readonly applied: number;
}

interface Entry {
  readonly id: string;
  readonly fault: ParsedFault;
  seen: number;
  used: number;
}

export function createFaults(random: SeededRandom): FaultScript {
  let entries: Entry[] = [];
  let added = 0;
  let applied = 0;

  const isDue = ({ fault, seen }: Entry) =>
    seen > fault.after && (fault.probability === 1 || random.fraction() < fault.probability);

  const use = (entry: Entry) => {
    entry.used += 1;
    applied += 1;
    if (entry.used === entry.fault.times) entries = entries.filter((other) => other !== entry);
    return entry.fault;
  };

  return {
    add(input) {
      const parsed = parseFault(input);
      if (!parsed.ok) throw new TypeError(`Not a fault. ${parsed.problems.map(sentence).join(' ')}`);
      added += 1;
      const id = String(added);
      entries.push({ id, fault: parsed.fault, seen: 0, used: 0 });
      return id;
    },
    list: () => entries.map((entry) => ({ ...entry })),
    clear() {
      entries = [];
    },
    take(occasion) {
      const mine = entries.filter(({ fault }) => isFor(fault, occasion));
      for (const entry of mine) entry.seen += 1;
      const due = mine.find(isDue);
      return due && use(due);
    },
    get applied() {
      return applied;
    },
  };
}

function sentence({ path, detail }: { readonly path: string; readonly detail: string }): string {
  return path === '' ? `It ${detail}.` : `${path}: ${detail}.`;
}

import type { SimulatorClock } from '../clock.ts';
import type { FaultScript } from '../faults/faults.ts';
import type { Line } from './line.ts';
import { createLineQueue, type LineItem } from './line-queue.ts';

const overtakenMs = 1000;

/** What waits to be sent on one line, in order but for the faults. */
export interface Outbox {
  push(text: string): void;
  /** Holds back everything that is pushed from now on. */
  pause(delayMs: number): void;
  /** Runs it with nothing pushed. */
  silently(run: () => void): void;
  /** Ends the line after what was pushed. */
  close(): void;
  /** Breaks the line after what was pushed. */
  drop(): void;
  /** Forgets everything: the line is gone. */
  end(): void;
  /** Whether the line is gone, or on its way to be. */
  readonly over: boolean;
}

export interface OutboxOptions {
  readonly line: Line;
  readonly clock: SimulatorClock;
  readonly faults: FaultScript;
}

export function createOutbox({ line, clock, faults }: OutboxOptions): Outbox {
  const queue = createLineQueue(line, clock);
  const overtaken: LineItem[] = [];
  let cancelOvertaken: (() => void) | undefined;
  let silent = false;

  const catchUp = () => {
    cancelOvertaken?.();
    cancelOvertaken = undefined;
    queue.add(...overtaken.splice(0));
  };

  return {
    push(text) {
      if (silent || queue.over) return;
      const item: LineItem = { kind: 'text', text };
      const fault = faults.take('frame');
      if (fault?.delayMs !== undefined) queue.add({ kind: 'pause', delayMs: fault.delayMs });
      if (fault?.stall) return;
      if (fault?.reorder) {
        overtaken.push(item);
        cancelOvertaken ??= clock.after(overtakenMs, catchUp);
        return;
      }
      if (fault?.reset !== 'before') queue.add(item);
      if (fault?.duplicate) queue.add(item);
      if (fault?.reset) queue.add({ kind: 'drop' });
      catchUp();
    },
    pause: (delayMs) => queue.add({ kind: 'pause', delayMs }),
    silently(run) {
      silent = true;
      try {
        run();
      } finally {
        silent = false;
      }
    },
    close: () => queue.add({ kind: 'close' }),
    drop: () => queue.add({ kind: 'drop' }),
    end() {
      cancelOvertaken?.();
      queue.end();
    },
    get over() {
      return queue.over;
    },
  };
}

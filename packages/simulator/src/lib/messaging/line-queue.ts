import type { SimulatorClock } from '../clock.ts';
import type { Line } from './line.ts';

/** One thing to do on a line. */
export type LineItem =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'pause'; readonly delayMs: number }
  | { readonly kind: 'close' | 'drop' };

/** Does things on a line in their order, each after the pauses before it. */
export interface LineQueue {
  add(...items: readonly LineItem[]): void;
  /** Forgets what waits. */
  end(): void;
  /** Whether the line was ended. */
  readonly over: boolean;
}

export function createLineQueue(line: Line, clock: SimulatorClock): LineQueue {
  let waiting: LineItem[] = [];
  let cancelPause: (() => void) | undefined;
  let over = false;

  const run = () => {
    while (!cancelPause) {
      const item = waiting.shift();
      if (!item) return;
      carryOut(item);
    }
  };
  const carryOut = (item: LineItem) => {
    if (item.kind === 'text') {
      line.send(item.text);
    } else if (item.kind === 'pause') {
      cancelPause = clock.after(item.delayMs, () => {
        cancelPause = undefined;
        run();
      });
    } else {
      queue.end();
      line[item.kind]();
    }
  };

  const queue: LineQueue = {
    add(...items) {
      if (over) return;
      waiting.push(...items);
      run();
    },
    end() {
      over = true;
      waiting = [];
      cancelPause?.();
    },
    get over() {
      return over;
    },
  };
  return queue;
}

import type { Simulator } from '@guestpass/simulator';

/** What the platform was asked, by the mark in the guests' attributes. The simulator itself remembers the last thousand. */
export interface PlatformLedger {
  /** Reads what came since the last time. Call it more often than a thousand requests come. */
  read(): void;
  /** Calls that may have created a guest, by mark. */
  readonly calls: ReadonlyMap<string, number>;
  /** Guest calls seen; the simulator's own count when none was missed. */
  readonly seen: number;
}

export function createPlatformLedger(simulator: Simulator): PlatformLedger {
  const known = new Set<string>();
  const calls = new Map<string, number>();
  return {
    read() {
      for (const { operation, correlationId, body } of simulator.requests) {
        if (operation !== 'guest' || known.has(correlationId)) continue;
        known.add(correlationId);
        const mark = markOf(body);
        calls.set(mark, (calls.get(mark) ?? 0) + 1);
      }
    },
    calls,
    get seen() {
      return known.size;
    },
  };
}

function markOf(body: unknown): string {
  // A cast, because the simulator shows the payload that these tests sent.
  return (body as { attributes?: { mark?: string } }).attributes?.mark ?? 'none';
}

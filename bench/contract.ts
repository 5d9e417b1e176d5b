export interface Client {
  guest(): Promise<void>;
  close(): Promise<void>;
}

export interface Order {
  readonly guests: number;
  readonly concurrency: number;
  /** Collect garbage before the heap is read. Throws compiled code away too, so never between timed rounds. */
  readonly collect?: boolean;
}

export interface Measure {
  readonly guests: number;
  readonly cpuMicrosPerGuest: number;
  readonly guestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly heapMiB: number;
}

/** What the runner tells a server process. */
export type Order = 'cpu' | 'close';

/** What a server process answers: first where it listens, then each time it is asked what it has spent. */
export interface Ready {
  readonly url: string;
  /** Data directory of its database, when it has one. */
  readonly databaseDirectory?: string;
}

export interface Spent {
  /** CPU time of the process so far, user and system, in microseconds. */
  readonly cpuMicros: number;
}

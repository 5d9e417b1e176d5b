/** What the runner tells the sending process. */
export type SenderOrder =
  | { readonly kind: 'send'; readonly name: 'undici' | 'gateway'; readonly messages: number }
  | { readonly kind: 'trickle'; readonly messages: number; readonly perSecond: number }
  | { readonly kind: 'close' };

/** What sending a number of messages took, from the first to the last one on record. */
export interface Sent {
  readonly wallMs: number;
  /** CPU time of the sending process, user and system, in microseconds. */
  readonly cpuMicros: number;
  /** CPU time of its database; 0 when it has none, not a number where that cannot be told. */
  readonly databaseMicros: number;
}

/** When each attempt was on record, in milliseconds of the machine's monotonic clock. */
export interface Trickled {
  readonly committedAtMs: Readonly<Record<string, number>>;
}

/** What the runner asks of the receiver: what it has, and to begin anew or not. */
export type ReceiverOrder = 'look' | 'take';

export interface Arrivals {
  readonly count: number;
  /** When each attempt was heard of first, in milliseconds of the machine's monotonic clock. */
  readonly firstAtMs: Readonly<Record<string, number>>;
}

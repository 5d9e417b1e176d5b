/** What a fleet has counted under one key. */
export interface SharedUses {
  readonly key: string;
  /** The slot of now. */
  readonly slot: number;
  /** Milliseconds until that slot is over. */
  readonly leftMs: number;
  /** Uses slot by slot, the oldest first, that of now last. The oldest counts until the slot of now is over. */
  readonly uses: readonly number[];
}

/** Uses to take back, and the slot they were counted in. */
export interface BackUses {
  readonly slot: number;
  readonly count: number;
}

/** What happens to the uses of a key. */
export interface UseChange {
  readonly key: string;
  /** Uses more in the slot of now. */
  readonly more: number;
  readonly back?: BackUses | undefined;
}

/** Uses that a fleet counts together. */
export interface SharedCounts {
  /**
   * Changes the uses of keys, each named once, and resolves with what is counted then. Each key is changed from what the
   * last change left there, whoever made it. Rejects when the counts cannot be reached; then they may have been changed
   * or not.
   */
  change(changes: readonly UseChange[]): Promise<readonly SharedUses[]>;
}

/** A map that forgets its oldest entry when a new one would exceed `capacity`, so that a long run stays small. */
export interface BoundedMap<Value> {
  get(key: string): Value | undefined;
  /** Setting a known key keeps its place in the order. */
  set(key: string, value: Value): void;
  /** Oldest first. */
  values(): readonly Value[];
  readonly size: number;
}

export function createBoundedMap<Value>(capacity: number): BoundedMap<Value> {
  const entries = new Map<string, Value>();
  return {
    get: (key) => entries.get(key),
    set(key, value) {
      entries.set(key, value);
      if (entries.size <= capacity) return;
      for (const oldest of entries.keys()) {
        entries.delete(oldest);
        return;
      }
    },
    values: () => [...entries.values()],
    get size() {
      return entries.size;
    },
  };
}

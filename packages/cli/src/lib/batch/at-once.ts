export interface AtOnceOptions<Item> {
  /** Stops the reading; what is under way goes on to its end. */
  readonly signal: AbortSignal;
  readonly work: (item: Item) => Promise<void>;
}

/** Works on so many items at once, and reads no further ahead. The first failure stops the reading, and is thrown. */
export async function atOnce<Item>(
  items: AsyncIterable<Item>,
  concurrency: number,
  { signal, work }: AtOnceOptions<Item>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const start = (item: Item) => {
    const run = work(item)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(run));
    running.add(run);
  };
  const reading = async () => {
    for await (const item of items) {
      if (signal.aborted || failures.length > 0) return;
      start(item);
      if (running.size >= concurrency) await Promise.race(running);
      if (signal.aborted || failures.length > 0) return;
    }
  };
  await reading().catch((error: unknown) => void failures.push(error));
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
}

/**
 * What has been opened so far, closed in reverse order: when a later step fails, or when it is all over. The language's
 * own AsyncDisposableStack does the same and is not in Node.js 22.
 */
export interface Opened extends AsyncDisposable {
  /** Takes a resource in, and returns it. */
  use<T extends AsyncDisposable | Disposable>(resource: T): T;
  /** Takes in what is closed by a function of its own. */
  adopt<T>(value: T, close: (value: T) => Promise<void>): T;
  /** Hands everything over: from now on it is closed by whoever calls the returned function, and by nobody else. */
  handOver(): () => Promise<void>;
}

export function createOpened(): Opened {
  let closers: (() => Promise<void> | void)[] = [];
  return {
    use(resource) {
      closers.push(closerOf(resource));
      return resource;
    },
    adopt(value, close) {
      closers.push(() => close(value));
      return value;
    },
    handOver() {
      const taken = closers;
      closers = [];
      let closing: Promise<void> | undefined;
      return () => {
        closing ??= closeAll(taken);
        return closing;
      };
    },
    [Symbol.asyncDispose]() {
      const taken = closers;
      closers = [];
      return closeAll(taken);
    },
  };
}

function closerOf(resource: AsyncDisposable | Disposable): () => Promise<void> | void {
  if (Symbol.asyncDispose in resource) return async () => await resource[Symbol.asyncDispose]();
  return () => resource[Symbol.dispose]();
}

/** One that cannot be closed keeps none of the others open; the first failure is told at the end. */
async function closeAll(closers: readonly (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers.toReversed()) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Texts that wait for one reader. */
export interface Inbox {
  /** How many wait. */
  readonly size: number;
  put(text: string): void;
  /** What waits is still read; then the reading ends. */
  end(): void;
  readonly texts: AsyncIterable<string>;
}

/** Puts what a socket pushes into the hands of a reader that pulls. `onTaken` is called after each text is taken. */
export function createInbox(onTaken: () => void = () => {}): Inbox {
  const waiting: string[] = [];
  let wake: (() => void) | undefined;
  let ended = false;

  async function* texts(): AsyncGenerator<string, void, undefined> {
    for (;;) {
      const text = waiting.shift();
      if (text !== undefined) {
        onTaken();
        yield text;
      } else if (ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }

  return {
    get size() {
      return waiting.length;
    },
    put(text) {
      if (!ended) waiting.push(text);
      wake?.();
    },
    end() {
      ended = true;
      wake?.();
    },
    texts: texts(),
  };
}

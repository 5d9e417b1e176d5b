import type { Message } from '../messaging/message.ts';

/** The conversation as the guest sees it: every message once, in the order of the platform. */
export interface Transcript {
  readonly messages: readonly Message[];
  has(id: string): boolean;
  /** Takes a message that just came. False when it was known. */
  add(message: Message): boolean;
  /**
   * Takes a stretch of the history, oldest first, and returns what was new. Where the history tells an order, that order
   * counts. `fromStart` says that nothing is older than the stretch.
   */
  merge(stretch: readonly Message[], fromStart: boolean): readonly Message[];
  clear(): void;
}

interface Entry {
  readonly message: Message;
  /** Milliseconds since the Unix epoch; of the message before it, when the platform tells no time. */
  readonly at: number;
}

export function createTranscript(): Transcript {
  let entries: Entry[] = [];
  let ids = new Set<string>();

  const lastAt = () => entries.at(-1)?.at ?? 0;

  return {
    get messages() {
      return entries.map(({ message }) => message);
    },
    has: (id) => ids.has(id),
    add(message) {
      if (ids.has(message.id)) return false;
      ids.add(message.id);
      insert(entries, { message, at: instantOf(message) ?? lastAt() });
      return true;
    },
    merge(stretch, fromStart) {
      const fresh = stretch.filter(({ id }) => !ids.has(id));
      const told = withTimes(stretch);
      const toldIds = new Set(stretch.map(({ id }) => id));
      const others = entries.filter(({ message }) => !toldIds.has(message.id));
      const firstAt = told[0]?.at ?? Number.POSITIVE_INFINITY;
      const isOlder = ({ at }: Entry) => at < firstAt || (at === firstAt && !fromStart);
      entries = [...others.filter(isOlder), ...told];
      for (const entry of others) if (!isOlder(entry)) insert(entries, entry);
      ids = new Set(entries.map(({ message }) => message.id));
      return fresh;
    },
    clear() {
      entries = [];
      ids = new Set();
    },
  };
}

/** Puts an entry behind all that are not later. */
function insert(entries: Entry[], entry: Entry): void {
  let place = entries.length;
  while (place > 0 && (entries[place - 1]?.at ?? 0) > entry.at) place -= 1;
  entries.splice(place, 0, entry);
}

function withTimes(stretch: readonly Message[]): Entry[] {
  const seen = new Set<string>();
  const entries: Entry[] = [];
  for (const message of stretch) {
    if (seen.has(message.id)) continue;
    seen.add(message.id);
    entries.push({ message, at: instantOf(message) ?? entries.at(-1)?.at ?? 0 });
  }
  return entries;
}

function instantOf({ time }: Message): number | undefined {
  return time === null ? undefined : Date.parse(time);
}

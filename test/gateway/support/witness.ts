import { inspect } from 'node:util';
import type { GatewayObserver } from '@guestpass/gateway';

type EndedTry = Parameters<GatewayObserver['delivery']>[0];

/** Sees what a gateway tells of itself. */
export interface Witness {
  readonly observer: Partial<GatewayObserver>;
  readonly problems: readonly unknown[];
  readonly tries: readonly EndedTry[];
  /** Resolves with the last try of the delivery that tells of an attempt, once no other will follow. */
  settled(attemptId: string): Promise<EndedTry>;
  /** Resolves once so many tries have ended. */
  triesEnded(count: number): Promise<void>;
  /** Everything that was told but the guest pass itself, as text. */
  text(): string;
}

export function createWitness(): Witness {
  const problems: unknown[] = [];
  const tries: EndedTry[] = [];
  const others: unknown[] = [];
  const waiting = new Set<() => void>();

  const until = <T>(look: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const again = () => {
        const found = look();
        if (found === undefined) return;
        waiting.delete(again);
        resolve(found);
      };
      waiting.add(again);
      again();
    });

  return {
    problems,
    tries,
    observer: {
      problem: (error) => void problems.push(error),
      turned: (turned) => void others.push(turned),
      request: ({ caller, error }) => void others.push({ caller, error }),
      delivery(ended) {
        tries.push(ended);
        for (const look of [...waiting]) look();
      },
    },
    settled: (attemptId) =>
      until(() => tries.find(({ delivery, state }) => delivery.attempt_id === attemptId && state !== 'pending')),
    triesEnded: async (count) => void (await until(() => (tries.length >= count ? true : undefined))),
    text: () => [problems, tries, others].map((told) => inspect(told, { depth: 20, maxStringLength: null })).join('\n'),
  };
}

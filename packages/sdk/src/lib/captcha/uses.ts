import type { Clock } from '../clock.ts';

/** Where used captcha answers are remembered. Processes that must not accept one answer twice share one. */
export interface CaptchaUses {
  /**
   * Takes an answer, named by its SHA-256 in lower-case hex. False when it was taken before and its time, in
   * milliseconds since the Unix epoch, has not come. Of many claims at once exactly one is true.
   */
  claim(hash: string, untilMs: number): boolean | Promise<boolean>;
  /**
   * Gives an answer back that its provider was not asked about. Called at most once for each claim that was true, by
   * whoever made it. Default a claim is never given back.
   */
  giveBack?(hash: string): void | Promise<void>;
}

/** How many used answers are remembered. */
export interface MemoryCaptchaUsesOptions {
  readonly clock: Clock;
  /** Answers remembered at most; the oldest is forgotten first. Default 100,000, some 15 MB. */
  readonly capacity?: number | undefined;
}

/** Remembers used answers in this process only, and only while it runs. */
export function memoryCaptchaUses({ clock, capacity = 100_000 }: MemoryCaptchaUsesOptions): CaptchaUses {
  const taken = new Map<string, number>();

  // Claims come in the order of their ends, so what is over stands in front.
  const forget = (nowMs: number) => {
    for (const [hash, untilMs] of taken) {
      if (untilMs > nowMs && taken.size < capacity) return;
      taken.delete(hash);
    }
  };

  return {
    claim(hash, untilMs) {
      const nowMs = clock.now();
      const until = taken.get(hash);
      if (until !== undefined && until > nowMs) return false;
      taken.delete(hash);
      forget(nowMs);
      taken.set(hash, untilMs);
      return true;
    },
    giveBack(hash) {
      taken.delete(hash);
    },
  };
}

import type { Clock } from '../clock.ts';
import type { GuestpassError } from '../errors.ts';
import type { ServerFrame } from '../messaging/server-frame.ts';
import { aborted, unanswered } from './session-errors.ts';

/** What a frame means to somebody who waits; `undefined` when it is not for them. */
export type Meaning<T> = { readonly value: T } | { readonly error: GuestpassError };

export interface Expectation<T> {
  readonly read: (frame: ServerFrame) => Meaning<T> | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Those who wait for an answer to a request. */
export interface Answers {
  /** Resolves with what a frame means, or rejects: refused, too late, aborted, or cut off. */
  expect<T>(expectation: Expectation<T>): Promise<T>;
  offer(frame: ServerFrame): void;
  /** No answer comes any more to any request made so far. */
  cutOff(error: GuestpassError): void;
}

interface Waiting {
  offer(frame: ServerFrame): void;
  fail(error: GuestpassError): void;
}

export function createAnswers(clock: Clock): Answers {
  const waiting = new Set<Waiting>();
  return {
    expect: ({ read, timeoutMs, signal }) =>
      new Promise((resolve, reject) => {
        const abort = () => fail(aborted());
        const stop = () => {
          waiting.delete(one);
          cancel();
          signal?.removeEventListener('abort', abort);
        };
        const fail = (error: GuestpassError) => {
          stop();
          reject(error);
        };
        const one: Waiting = {
          fail,
          offer(frame) {
            const meaning = read(frame);
            if (!meaning) return;
            stop();
            if ('error' in meaning) reject(meaning.error);
            else resolve(meaning.value);
          },
        };
        const cancel = clock.after(timeoutMs, () => fail(unanswered()));
        waiting.add(one);
        if (signal?.aborted) abort();
        signal?.addEventListener('abort', abort, { once: true });
      }),
    offer(frame) {
      for (const one of [...waiting]) one.offer(frame);
    },
    cutOff(error) {
      for (const one of [...waiting]) one.fail(error);
    },
  };
}

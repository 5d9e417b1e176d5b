import type { GuestpassError } from '../errors.ts';
import type { Message } from '../messaging/message.ts';
import type { Effect, SessionState } from './channel-io.ts';
import { aborted, errorOf } from './session-errors.ts';

/** What callers wait for, kept until the channel tells how it ended. */
export interface Promises {
  /** Resolves with the echo of this message. Begin to wait before it is said. */
  said(id: string): Promise<Message>;
  /** Nobody waits for this message any more. */
  forget(id: string): void;
  /** Resolves when the session is ready or read-only; rejects when it has ended, or the signal aborts. */
  ready(state: SessionState, signal?: AbortSignal): Promise<void>;
  /** Resolves when the session is that of the account that signed in; rejects when it will not be. */
  steppedUp(signal?: AbortSignal): Promise<void>;
  onEffect(effect: Effect): void;
}

export function createPromises(): Promises {
  const messages = new Map<string, PromiseWithResolvers<Message>>();
  const states = new Set<PromiseWithResolvers<void>>();
  let stepUp = Promise.withResolvers<void>();
  let lastEnd: GuestpassError | undefined;

  const onState = (state: SessionState) => {
    if (state !== 'connecting' && state !== 'configuring' && state !== 'reconnecting') {
      for (const promise of [...states]) settle(promise, state);
    }
  };
  const settle = (promise: PromiseWithResolvers<void>, state: SessionState) => {
    states.delete(promise);
    if (state === 'ready' || state === 'read-only') promise.resolve();
    else promise.reject(lastEnd ?? errorOf(state === 'expired' || state === 'signed-out' ? state : 'closed'));
  };

  return {
    said(id) {
      const promise = Promise.withResolvers<Message>();
      messages.set(id, promise);
      return promise.promise;
    },
    forget: (id) => void messages.delete(id),
    async ready(state, signal) {
      const promise = Promise.withResolvers<void>();
      states.add(promise);
      onState(state);
      await unlessAborted(promise, signal).finally(() => states.delete(promise));
    },
    async steppedUp(signal) {
      stepUp = Promise.withResolvers();
      await unlessAborted(stepUp, signal);
    },
    onEffect(effect) {
      if (effect.type === 'settle') messages.get(effect.id)?.resolve(effect.message);
      if (effect.type === 'reject') messages.get(effect.id)?.reject(effect.error);
      if (effect.type === 'settle' || effect.type === 'reject') messages.delete(effect.id);
      if (effect.type === 'signed-in') stepUp.resolve();
      if (effect.type === 'sign-in-refused') stepUp.reject(effect.error);
      if (effect.type === 'end') lastEnd = effect.error;
      if (effect.type === 'state') onState(effect.state);
    },
  };
}

async function unlessAborted(waiting: PromiseWithResolvers<void>, signal: AbortSignal | undefined): Promise<void> {
  const giveUp = () => waiting.reject(aborted());
  if (signal?.aborted) giveUp();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    await waiting.promise;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import type { RetentionStep, RetentionStore } from '../store/retention.ts';
import { forgetDue } from './retention.ts';

/** A store in which so many attempts are due, of which a step takes one. */
function storeOf(due: number, onStep: () => void = () => {}) {
  const steps: string[] = [];
  let left = due;
  const take = (name: string) => async (step: RetentionStep) => {
    steps.push(`${name} before ${step.beforeMs} at ${step.nowMs}`);
    onStep();
    left -= 1;
    return { attempts: left >= 0 ? 1 : 0, keys: 0, deliveries: 0 };
  };
  const store: RetentionStore = { forgetPersonalData: take('personal'), deleteAttempts: take('attempts') };
  return { store, steps };
}

const clock = manualClock(1_000);
const { signal } = new AbortController();

test('steps are taken until nothing is due, each age from the clock', async () => {
  const { store, steps } = storeOf(2);
  await forgetDue({ store, clock, signal, personalDataMs: 100, recordsMs: 900 });
  const personal = 'personal before 900 at 1000';
  expect(steps).toEqual([personal, personal, personal, 'attempts before 100 at 1000']);
});

test('what has no age is kept for ever', async () => {
  const { store, steps } = storeOf(2);
  await forgetDue({ store, clock, signal });
  expect(steps).toEqual([]);
});

test('a run that is to end takes no further step, of either kind', async () => {
  const stopping = new AbortController();
  const { store, steps } = storeOf(9, () => stopping.abort());
  await forgetDue({ store, clock, signal: stopping.signal, personalDataMs: 100, recordsMs: 900 });
  expect(steps).toEqual(['personal before 900 at 1000']);
});

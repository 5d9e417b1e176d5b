import { type Clock, sleep } from 'guestpass';
import { inTime } from '../in-time.ts';
import { type Grant, leaseOf, type RateGrants } from './rate-grants.ts';
import type { RateSlots } from './rate-slots.ts';
import type { Rate } from './rate-store.ts';
import type { SharedCounts, UseChange } from './shared-uses.ts';

export interface RateRoundsOptions {
  readonly clock: Clock;
  readonly shared: SharedCounts;
  readonly grants: RateGrants;
  /** What happened in this process. */
  readonly own: RateSlots;
  /** How long a slot of the fleet is, in milliseconds. */
  readonly slotMs: number;
  /** How long it rests between two questions, in milliseconds. */
  readonly pauseMs: number;
  readonly onDegraded?: ((error: unknown) => void) | undefined;
}

interface Want {
  readonly rate: Rate;
  /** How many wait for it. */
  readonly callers: number;
}

type Wants = ReadonlyMap<string, Want>;

interface Round {
  readonly wants: Map<string, Want>;
  readonly done: PromiseWithResolvers<void>;
}

/** Keys in one question at most. */
const largestRound = 500;
const soonMs = 50;
const againMs = 1_000;

/** Asks the fleet for uses, one question at a time, for all who wait. What is given back goes with the next one. */
export function createRateRounds(options: RateRoundsOptions) {
  const { clock, grants, slotMs, pauseMs, onDegraded = () => {} } = options;
  const questions = createQuestions(options);
  const queue = createQueue();
  let underWay: Promise<void> | undefined;
  let isAlone = false;
  let restUntil = Number.NEGATIVE_INFINITY;

  const beAlone = (error: unknown) => {
    if (!isAlone) onDegraded(error);
    isAlone = true;
  };
  const ask = async (wants: Wants) => {
    try {
      if (await questions.ask(wants)) isAlone = false;
    } catch (error) {
      beAlone(error);
    }
  };
  const drain = async () => {
    // One turn of patience: whoever asks in the same breath shares the question.
    await undefined;
    while (queue.length > 0) {
      const restMs = restUntil - clock.monotonic();
      if (restMs > 0) await sleep(clock, restMs);
      const round = queue.next();
      // A guest asks twice, for its caller and for its channel: one that comes alone does not wait in between.
      const isRested = clock.monotonic() - restUntil > pauseMs;
      await ask(round?.wants ?? new Map());
      round?.done.resolve();
      restUntil = clock.monotonic() + (isRested ? 0 : pauseMs);
    }
    underWay = undefined;
    timer.plan(isAlone ? againMs : soonMs);
  };
  const timer = createTimer(clock, () => {
    grants.turn();
    if (queue.length > 0 || questions.isNews()) {
      queue.open();
      underWay ??= drain();
    } else if (grants.size > 0) timer.plan(slotMs);
  });

  return {
    get isAlone() {
      return isAlone;
    },
    /**
     * Asks for a use of each, and waits until the instant at most. Behind another of the same key, and where there was no
     * room, the narrowest is asked for first, so that a crowd at one address takes nothing from its network.
     */
    async ask(rates: readonly Rate[], patientUntil: number): Promise<void> {
      const round = queue.open();
      const isCrowd = rates.slice(0, 1).some(({ key }) => round.wants.has(key) || grants.wasFull(key));
      for (const rate of isCrowd ? rates.slice(0, 1) : rates) want(round, rate, 1);
      underWay ??= drain();
      const late = () => new Error('The shared counts did not answer in time.');
      await inTime(round.done.promise, patientUntil - clock.monotonic(), { clock, late }).catch(beAlone);
    },
    /** Asks for uses ahead, when there is time. */
    refill(rates: readonly Rate[]): void {
      if (rates.length === 0) return;
      for (const rate of rates) want(queue.open(), rate, 0);
      timer.plan(soonMs);
    },
    /** Leaves uses that were granted to others. */
    putBack(unused: readonly Grant[]): void {
      for (const grant of unused) grants.putBack(grant);
      if (unused.length > 0) timer.plan(soonMs);
    },
    /** Has these counted when the others can be asked again. */
    owe(rates: readonly Rate[]): void {
      questions.owe(rates);
      if (rates.length > 0) timer.plan(againMs);
    },
    async end(): Promise<void> {
      timer.end();
      await underWay;
    },
  };
}

function createQueue() {
  const rounds: Round[] = [];
  return {
    get length() {
      return rounds.length;
    },
    next: () => rounds.shift(),
    /** The round that is not yet asked and has room. */
    open(): Round {
      const last = rounds.at(-1);
      if (last && last.wants.size < largestRound) return last;
      const round = { wants: new Map<string, Want>(), done: Promise.withResolvers<void>() };
      rounds.push(round);
      return round;
    },
  };
}

function want({ wants }: Round, rate: Rate, callers: number): void {
  wants.set(rate.key, { rate, callers: callers + (wants.get(rate.key)?.callers ?? 0) });
}

/** What is asked, with what the fleet does not know yet. */
function createQuestions({ clock, shared, grants, own }: RateRoundsOptions) {
  /** What happened while nobody else could be asked. */
  const owed = new Map<string, number>();

  const countOf = ({ rate, callers }: Want): number => {
    const ahead = leaseOf(rate.limit) - (grants.current(rate.key)?.units ?? 0);
    return Math.min(rate.limit, Math.max(callers, ahead));
  };
  /** Takes what is owed of a key, as far as it still counts. */
  const debtOf = (key: string): number => {
    const debt = Math.min(owed.get(key) ?? 0, own.total(key));
    owed.delete(key);
    return debt;
  };
  const compose = (wants: Wants) => {
    const others = [...owed.keys(), ...grants.backs.keys()].slice(0, largestRound);
    return [...new Set([...wants.keys(), ...others])].flatMap((key) => {
      const wanted = wants.get(key);
      const told = { key, rate: wanted?.rate, count: wanted ? countOf(wanted) : 0, debt: debtOf(key) };
      const back = grants.backs.take(key);
      return told.count + told.debt > 0 || back ? [{ ...told, back }] : [];
    });
  };

  return {
    /** Asks, and takes note of the answers. Resolves with false when there was nothing to ask. */
    async ask(wants: Wants): Promise<boolean> {
      const told = compose(wants);
      if (told.length === 0) return false;
      const sentAt = clock.monotonic();
      const changes = told.map(({ key, count, debt, back }): UseChange => ({ key, more: count + debt, back }));
      try {
        const answers = new Map((await shared.change(changes)).map((uses) => [uses.key, uses]));
        for (const { key, rate, count } of told) {
          const uses = answers.get(key);
          if (rate && uses) grants.settle({ rate, count, sentAt }, uses);
        }
        return true;
      } catch (error) {
        // Uses taken back twice would be more than were counted: those are left to time.
        for (const { key, debt } of told) if (debt > 0) owed.set(key, debt + (owed.get(key) ?? 0));
        throw error;
      }
    },
    owe(rates: readonly Rate[]): void {
      for (const { key } of rates) owed.set(key, 1 + (owed.get(key) ?? 0));
    },
    isNews: () => owed.size > 0 || !grants.backs.keys().next().done,
  };
}

/** One timer; the earliest of what it was planned for counts. */
function createTimer(clock: Clock, then: () => void) {
  let planned: { readonly at: number; readonly cancel: () => void } | undefined;
  let ended = false;
  return {
    plan(delayMs: number) {
      const at = clock.monotonic() + delayMs;
      if (ended || (planned && planned.at <= at)) return;
      planned?.cancel();
      const cancel = clock.after(delayMs, () => {
        planned = undefined;
        then();
      });
      planned = { at, cancel };
    },
    end() {
      ended = true;
      planned?.cancel();
    },
  };
}

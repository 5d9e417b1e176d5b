import { type Clock, systemClock } from '../clock.ts';
import { GuestpassError } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { checkEndpointUrl, type EndpointPolicy } from './address-guard.ts';
import { type Delivery, deliverWebhook } from './deliver.ts';
import { guardedExchange } from './guarded-exchange.ts';
import type { GuestNotice } from './notice.ts';
import { defaultSchedule, nextDelayMs, parseSchedule } from './schedule.ts';
import { parseSecrets } from './sign.ts';

/** Where notices go, how patiently, and who is told. */
export interface WebhookSenderOptions extends EndpointPolicy {
  /** Where notices are posted. */
  readonly url: string;
  /** The active `whsec_` secrets, newest first. */
  readonly secrets: readonly string[];
  /** Delay before each attempt, in milliseconds. Default 0, 5 seconds, 5 minutes, 30 minutes. */
  readonly schedule?: readonly number[] | undefined;
  /** Time for one attempt, in milliseconds. Default 15,000. */
  readonly deadlineMs?: number | undefined;
  /** Attempts under way at once. Default 4. */
  readonly concurrency?: number | undefined;
  /** Notices held in memory; more are dropped as `overloaded`. Default 1,000. */
  readonly maxPending?: number | undefined;
  /** How long disposing waits for attempts under way and notices not yet tried, in milliseconds. Default 15,000. */
  readonly drainMs?: number | undefined;
  /** Told how each notice ended. What it throws is dropped. Default: nobody is told. */
  readonly onSettled?: ((settled: SettledNotice) => void) | undefined;
  /** The network. Default a guarded exchange of its own. */
  readonly exchange?: Exchange | undefined;
  /** Default the system's clock. */
  readonly clock?: Clock | undefined;
  /** Draws the jitter; 0 (inclusive) to 1 (exclusive). Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/**
 * Why a notice was given up: the schedule ran out, the receiver wants no more (410), its address must not be reached,
 * too many were pending, the sender was disposed, or a fault of our own.
 */
export type DropReason = 'schedule_spent' | 'gone' | 'refused' | 'overloaded' | 'closed' | 'malfunction';

/** How one notice ended. */
export interface SettledNotice {
  readonly notice: GuestNotice;
  readonly outcome: 'delivered' | 'dropped';
  /** Why, when it was dropped. */
  readonly reason?: DropReason;
  /** How often it was sent. */
  readonly attempts: number;
  readonly lastResult?: Delivery;
  /** What was thrown, when the fault was our own. */
  readonly error?: unknown;
}

/** Delivers notices from memory until it is disposed. */
export interface WebhookSender {
  /** Takes a notice and returns at once; fit to be `onGuest` as it is. */
  readonly send: (notice: GuestNotice) => void;
  /** Notices neither delivered nor dropped. */
  readonly pending: number;
  /**
   * Takes no more notices, sends what was not tried yet, waits for the attempts under way, and drops the rest as
   * `closed`.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Delivers notices from memory, with retries, off the guest's path. The attempt's id is the webhook id, and each
 * attempt sends the same bytes. A crash of this process loses every notice that is pending; where none may be lost,
 * they belong into a database beside the audit record.
 *
 * @throws GuestpassError `config_invalid` when the URL, a secret or the schedule is not usable.
 * @example
 * await using webhooks = webhookSender({ url: 'https://idp.example/hooks', secrets: [secret] });
 * await using guestpass = createGuestpass({ ...options, onGuest: webhooks.send });
 */
export function webhookSender(options: WebhookSenderOptions): WebhookSender {
  const checked = checkEndpointUrl(options.url, options);
  if (!checked.ok) throw new GuestpassError('config_invalid', `The webhook URL is not usable. ${checked.detail}`);
  parseSecrets(options.secrets);
  return new InProcessSender(options, parseSchedule(options.schedule ?? defaultSchedule.slice(0, 4)));
}

interface Job {
  readonly notice: GuestNotice;
  readonly body: string;
  readonly attempts: number;
  readonly lastResult?: Delivery;
}

class InProcessSender implements WebhookSender {
  readonly #options: WebhookSenderOptions;
  readonly #schedule: readonly number[];
  readonly #clock: Clock;
  readonly #end: { readonly exchange: Exchange; close(): Promise<void> };
  /** Due, and waiting for a free place. */
  readonly #due: Job[] = [];
  /** Waiting for their time; each with what cancels the wait. */
  readonly #later = new Map<Job, () => void>();
  readonly #running = new Set<Promise<void>>();
  readonly #givingUp = new AbortController();
  #pending = 0;
  /** Why no more notices are taken. */
  #shut: 'gone' | 'closed' | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: WebhookSenderOptions, schedule: readonly number[]) {
    const { exchange, clock = systemClock, concurrency = 4 } = options;
    this.#options = options;
    this.#schedule = schedule;
    this.#clock = clock;
    this.#end = exchange
      ? { exchange, close: async () => {} }
      : guardedExchange({ ...options, connections: concurrency });
  }

  get pending(): number {
    return this.#pending;
  }

  readonly send = (notice: GuestNotice): void => {
    const job = { notice, body: JSON.stringify(notice), attempts: 0 };
    const { maxPending = 1_000 } = this.#options;
    const reason = this.#shut ?? (this.#pending >= maxPending ? 'overloaded' : undefined);
    this.#pending += 1;
    if (reason) this.#settle(job, reason);
    else this.#plan(job);
  };

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Puts the next attempt off to its time. */
  #plan(job: Job): void {
    const { random = Math.random } = this.#options;
    const { attempts, lastResult } = job;
    const delayMs = nextDelayMs(attempts, { random, schedule: this.#schedule, ...(lastResult && { lastResult }) });
    if (delayMs === undefined) this.#settle(job, 'schedule_spent');
    else if (delayMs === 0) this.#enqueue(job);
    else
      this.#later.set(
        job,
        this.#clock.after(delayMs, () => this.#enqueue(job)),
      );
  }

  #enqueue(job: Job): void {
    this.#later.delete(job);
    this.#due.push(job);
    this.#fill();
  }

  #fill(): void {
    const { concurrency = 4 } = this.#options;
    while (this.#running.size < concurrency) {
      const job = this.#due.shift();
      if (!job) return;
      const run = this.#attempt(job).finally(() => {
        this.#running.delete(run);
        this.#fill();
      });
      this.#running.add(run);
    }
  }

  async #attempt({ notice, body, attempts }: Job): Promise<void> {
    const { url, secrets, deadlineMs } = this.#options;
    const tried = { notice, body, attempts: attempts + 1 };
    const delivered = deliverWebhook(
      { endpoint: url, id: notice.data.attemptId, body },
      {
        exchange: this.#end.exchange,
        clock: this.#clock,
        secrets,
        signal: this.#givingUp.signal,
        ...(deadlineMs !== undefined && { deadlineMs }),
      },
    );
    await delivered.then(
      (lastResult) => this.#follow({ ...tried, lastResult }, lastResult.result),
      (error) => this.#settle(tried, 'malfunction', error),
    );
  }

  #follow(job: Job, result: Delivery['result']): void {
    if (result === 'gone') this.#shut ??= 'gone';
    if (result === 'delivered') this.#settle(job);
    else if (result === 'refused') this.#settle(job, 'refused');
    else if (this.#shut) this.#settle(job, this.#shut);
    else this.#plan(job);
    if (result === 'gone') this.#drop('gone');
  }

  /** Gives up everything that is not under way. */
  #drop(reason: DropReason): void {
    const jobs = [...this.#due.splice(0), ...this.#takeLater()];
    for (const job of jobs) this.#settle(job, reason);
  }

  #takeLater(): readonly Job[] {
    const jobs = [...this.#later.keys()];
    for (const cancel of this.#later.values()) cancel();
    this.#later.clear();
    return jobs;
  }

  #settle(job: Job, reason?: DropReason, error?: unknown): void {
    this.#pending -= 1;
    const { notice, attempts, lastResult } = job;
    try {
      this.#options.onSettled?.({
        notice,
        outcome: reason ? 'dropped' : 'delivered',
        attempts,
        ...(reason && { reason }),
        ...(lastResult && { lastResult }),
        ...(error !== undefined && { error }),
      });
    } catch {
      // Whoever is told of an end has no one left to report to.
    }
  }

  async #close(): Promise<void> {
    this.#shut ??= 'closed';
    for (const job of this.#takeLater()) {
      if (job.attempts === 0) this.#enqueue(job);
      else this.#settle(job, 'closed');
    }
    const { drainMs = 15_000 } = this.#options;
    const cancel = this.#clock.after(drainMs, () => {
      this.#drop('closed');
      this.#givingUp.abort();
    });
    while (this.#running.size > 0) await Promise.all(this.#running);
    cancel();
    await this.#end.close();
  }
}

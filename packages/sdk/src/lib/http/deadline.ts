import { type Clock, longestTimerMs } from '../clock.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from './exchange.ts';

/** By which clock requests end. */
export interface DeadlineOptions {
  readonly clock: Clock;
}

/**
 * Ends a request at its `deadlineAt` or when its signal aborts, whichever comes first, even when the exchange inside
 * does not listen. An answer that is already there when the end comes is still returned. Afterwards no timer and no
 * listener is left. An exchange that keeps deadlines by the same clock itself is returned unchanged.
 *
 * @throws ExchangeError `deadline` or `aborted`; `sent` is what the exchange inside knows, and `maybe` when it does not
 * say.
 */
export function withDeadline(exchange: Exchange, { clock }: DeadlineOptions): Exchange {
  if (exchange.deadlineClock === clock) return exchange;
  const inTime: Exchange = (request) => {
    const { signal, deadlineAt } = request;
    if (signal?.aborted) return Promise.reject(new ExchangeError('aborted', { sent: 'no', cause: signal.reason }));
    if (!signal && deadlineAt === undefined) return exchange(request);
    const leftMs = deadlineAt === undefined ? Number.POSITIVE_INFINITY : deadlineAt - clock.monotonic();
    if (leftMs <= 0) return Promise.reject(new ExchangeError('deadline', { sent: 'no' }));
    return new Race(clock).run(exchange, request, leftMs);
  };
  return Object.assign(inTime, { deadlineClock: clock });
}

/** One request against its end. A class, so that one allocation holds what would be a handful of closures. */
class Race {
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  readonly #settled = Promise.withResolvers<HttpResponse>();
  #signal: AbortSignal | undefined;
  #cancelTimer: (() => void) | undefined;
  #end: 'deadline' | 'aborted' | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  run(exchange: Exchange, request: HttpRequest, leftMs: number): Promise<HttpResponse> {
    this.#signal = request.signal;
    this.#signal?.addEventListener('abort', this, { once: true });
    // A longer timer would be cut and end the request too early.
    if (leftMs <= longestTimerMs) this.#cancelTimer = this.#clock.after(leftMs, () => this.#stop('deadline'));
    // The exchange inside is told by the signal alone: its own clock may be another one.
    const { deadlineAt: _, ...timeless } = request;
    exchange({ ...timeless, signal: this.#controller.signal }).then(
      (response) => {
        this.#clear();
        this.#settled.resolve(response);
      },
      (error: unknown) => {
        this.#clear();
        this.#settled.reject(this.#end ? ended(this.#end, error) : error);
      },
    );
    return this.#settled.promise;
  }

  /** The abort of the caller's signal. */
  handleEvent(): void {
    this.#stop('aborted');
  }

  #stop(end: 'deadline' | 'aborted'): void {
    this.#clear();
    this.#end = end;
    this.#controller.abort();
    // One turn for the exchange to say whether anything was sent; then nobody waits any more.
    this.#cancelTimer = this.#clock.after(0, () => this.#settled.reject(new ExchangeError(end, { sent: 'maybe' })));
  }

  #clear(): void {
    this.#cancelTimer?.();
    this.#signal?.removeEventListener('abort', this);
  }
}

function ended(end: 'deadline' | 'aborted', error: unknown): ExchangeError {
  if (!(error instanceof ExchangeError)) return new ExchangeError(end, { sent: 'maybe', cause: error });
  const { sent, status, tries } = error;
  return new ExchangeError(end, { sent, tries, ...(status !== undefined && { status }), cause: error });
}

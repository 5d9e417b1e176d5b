import type { Clock } from '../clock.ts';
import { GuestpassError } from '../errors.ts';
import type { IssuedToken } from './client-credentials.ts';
import type { Wait } from './shared-wait.ts';

export interface FlightOptions {
  readonly request: (wait: FlightWait) => Promise<IssuedToken>;
  readonly clock: Clock;
  readonly deadlineMs: number;
}

/** How long a request may take, and who follows it. */
export type FlightWait = Required<Pick<Wait, 'signal' | 'deadlineAt'>> & Pick<Wait, 'trace'>;

/** One token request on its way, whoever waits for it. */
export interface Flight {
  /** Settles by the deadline, even when the request heeds neither signal nor deadline. */
  readonly landed: Promise<IssuedToken>;
  /** Does not accept this value: it was refused after the request had left. */
  disown(value: string): void;
  /** Gives the request up; `landed` rejects with this error. */
  cancel(error: GuestpassError): void;
}

/** Sends the request at once. It asks again when all it got is a value disowned meanwhile. */
export function startFlight({ request, clock, deadlineMs }: FlightOptions, trace?: Wait['trace']): Flight {
  const controller = new AbortController();
  const { promise: landed, resolve, reject } = Promise.withResolvers<IssuedToken>();
  const disowned = new Set<string>();
  const deadlineAt = clock.monotonic() + deadlineMs;
  const wait: FlightWait = { signal: controller.signal, deadlineAt, ...(trace && { trace }) };

  const cancel = (error: GuestpassError) => {
    reject(error);
    controller.abort(error);
  };

  const run = async (): Promise<IssuedToken> => {
    let issued: IssuedToken;
    do {
      disowned.clear();
      issued = await request(wait);
    } while (disowned.has(issued.value) && !wait.signal.aborted);
    return issued;
  };

  const stopTimer = clock.after(deadlineMs, () =>
    cancel(new GuestpassError('deadline_exceeded', 'The token endpoint did not issue a token in time.')),
  );
  run().then(resolve, reject);
  landed.then(stopTimer, stopTimer);
  return { landed, disown: (value) => disowned.add(value), cancel };
}

import { type ApiError, apiErrorFor } from '../api-error.ts';
import type { FaultScript } from '../faults/faults.ts';
import type { SeededRandom } from '../random.ts';
import type { RateWindows } from '../rate-window.ts';
import { createConnection, type Handle } from './connection.ts';
import { allowsOrigin, type Deployment, type Deployments } from './deployment.ts';
import type { Line } from './line.ts';
import type { Timers } from './timers.ts';

export type Admission =
  | { readonly ok: true; readonly deployment: Deployment }
  | { readonly ok: false; readonly error: ApiError };

/** The sockets open now. */
export interface Sockets {
  /** Whether a socket may be opened, by its deployment, its origin and the rate. */
  admit(request: Request): Admission;
  open(line: Line, deployment: Deployment, baseUrl: string): void;
  /** Breaks every connection and returns how many there were. */
  drop(): number;
  readonly size: number;
}

export interface SocketsOptions {
  readonly deployments: Deployments;
  /** Counts per deployment. */
  readonly rates: RateWindows;
  readonly timers: Timers;
  readonly random: SeededRandom;
  readonly faults: FaultScript;
  readonly handle: Handle;
}

export function createSockets({ deployments, rates, timers, random, faults, handle }: SocketsOptions): Sockets {
  const lines = new Set<Line>();
  return {
    admit(request) {
      const { searchParams } = new URL(request.url);
      const named = searchParams.get('deploymentId') || request.headers.get('deploymentid');
      if (!named) return refused({ ...apiErrorFor(400), message: 'The query names no deploymentId.' });
      const deployment = deployments.get(named);
      const origin = request.headers.get('origin') ?? undefined;
      if (deployment?.status !== 'active' || !allowsOrigin(deployment, origin)) return refused(apiErrorFor(403));
      const rate = rates.take(deployment.id);
      if (rate.admitted) return { ok: true, deployment };
      return refused({ ...apiErrorFor(429), headers: { 'Retry-After': String(rate.resetSeconds) } });
    },
    open(line, deployment, baseUrl) {
      lines.add(line);
      const onClosed = () => lines.delete(line);
      createConnection({ id: random.uuid(), deployment, baseUrl, line, clock: timers, faults, handle, onClosed });
    },
    drop() {
      const open = [...lines];
      for (const line of open) line.drop();
      return open.length;
    },
    get size() {
      return lines.size;
    },
  };
}

function refused(error: ApiError): Admission {
  return { ok: false, error };
}

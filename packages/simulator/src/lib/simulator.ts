import { RequestError } from '@hono/node-server';
import { answer, stamp } from './answer.ts';
import { answerUpgrade, type SocketRun } from './answer-upgrade.ts';
import { apiErrorFor, apiErrorResponse } from './api-error.ts';
import { webhooksPath } from './asked.ts';
import type { SimulatorClock } from './clock.ts';
import { createControl } from './control/control.ts';
import { createFaults, type Faults } from './faults/faults.ts';
import { createWaits } from './faults/waits.ts';
import { fetchWire, type Wire } from './faults/wire.ts';
import { createJournal, type JournalCounts, type RecordedRequest } from './journal/journal.ts';
import type { AgentConsole } from './messaging/console.ts';
import type { Handshake } from './messaging/line.ts';
import { createPlatform, type Platform, type PlatformCounts } from './platform.ts';
import { createRandom } from './random.ts';
import { readRequestBody } from './request-body.ts';
import { type Listening, type ListenOptions, listenOn } from './server/listen.ts';
import { resolveSettings, type Settings, type SimulatorOptions } from './settings.ts';

/** Counts since the start or the last reset. */
export interface SimulatorStats extends JournalCounts, PlatformCounts {
  /** Requests a fault spoiled. */
  readonly faultsApplied: number;
  /** Faults not spent yet. */
  readonly openFaults: number;
}

/** A local Genesys Cloud. `await using` it: disposal closes every port and ends every answer held back. */
export interface Simulator extends AsyncDisposable {
  /**
   * Answers a request without a socket, whatever its host. Fails as the `fetch` of Node does when a fault breaks the
   * connection, and with the signal's reason when the caller gives up. Needs no `this`.
   */
  readonly fetch: (request: Request) => Promise<Response>;
  /**
   * Serves the same on a port. Rejects with the system's error, such as `EADDRINUSE`; for `tls` also with a `TypeError`
   * that says which name or which file cannot be used.
   */
  listen(options?: ListenOptions): Promise<Listening>;
  /** What goes wrong next. */
  readonly faults: Faults;
  /** What was asked: the last 1,000 requests, oldest first, without secrets. */
  readonly requests: readonly RecordedRequest[];
  stats(): SimulatorStats;
  /** The agent's side of the guests' conversations. */
  readonly sessions: AgentConsole;
  /** Breaks every socket at once and returns how many there were. Sessions stay. */
  dropSockets(): number;
  /**
   * Back to the start: nobody known, nothing counted, no fault, the seed from its beginning. Answers held back break, and
   * so do sockets.
   */
  reset(): void;
  readonly clock: SimulatorClock;
  /** Repeats this run when passed as `seed`. */
  readonly seed: string;
}

/**
 * Makes a simulator that starts empty and shares nothing with any other.
 *
 * @example
 * await using simulator = createSimulator({ seed: 1 });
 * simulator.faults.add({ operation: 'guest', status: 503 });
 * const { url } = await simulator.listen();
 */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const settings = resolveSettings(options);
  const { clock, seed } = settings;
  const ports = new Set<Listening>();
  let run = startRun(settings, ports);

  const faults: Faults = {
    add: (fault) => run.faults.add(fault),
    list: () => run.faults.list(),
    clear: () => run.faults.clear(),
  };
  const sessions: AgentConsole = {
    list: () => run.platform.messaging.console.list(),
    history: (session) => run.platform.messaging.console.history(session),
    say: (session, reply) => run.platform.messaging.console.say(session, reply),
    expire: (session) => run.platform.messaging.console.expire(session),
  };
  const dropSockets = () => run.sockets.drop();
  const stats = () => statsOf(run);
  const reset = () => {
    endRun(run);
    run = startRun(settings, ports);
  };
  const requests = () => run.journal.list();
  const control = createControl({ seed, faults, stats, reset, requests, sessions, dropSockets });
  const serve = async (request: Request, wire: Wire) => {
    const correlationId = run.correlationId();
    const { pathname } = new URL(request.url);
    const plane = isUnder('/_sim', pathname) ? control : run.app;
    if (plane === run.app && !isAside(pathname)) return answer(run, { request, wire, correlationId });
    const body = (await readRequestBody(request)) ?? new Uint8Array();
    return stamp(await plane.fetch(request, { body, correlationId }), correlationId, clock);
  };
  const upgrade = (request: Request, handshake: Handshake) =>
    answerUpgrade(run, { request, handshake, correlationId: run.correlationId() });
  const take: Platform['takeProvider'] = (incoming, outgoing, baseUrl) =>
    run.platform.takeProvider(incoming, outgoing, baseUrl);
  const fail = (error: unknown) => {
    const correlationId = run.correlationId();
    const status = error instanceof RequestError ? 400 : 500;
    return stamp(apiErrorResponse(apiErrorFor(status), correlationId), correlationId, clock);
  };

  return {
    fetch: (request) => serve(request, fetchWire),
    async listen(where = {}) {
      const bound = await listenOn({ answer: serve, fail, upgrade, take }, where);
      const close = () => {
        ports.delete(port);
        return bound.close();
      };
      const port = { ...bound, close };
      ports.add(port);
      return port;
    },
    faults,
    get requests() {
      return requests();
    },
    sessions,
    dropSockets,
    stats,
    reset,
    clock,
    seed,
    async [Symbol.asyncDispose]() {
      endRun(run);
      await Promise.all([...ports].map((port) => port.close()));
    },
  };
}

interface SimulatorRun extends SocketRun {
  readonly platform: Platform;
  readonly correlationId: () => string;
}

function startRun(settings: Settings, ports: ReadonlySet<Listening>): SimulatorRun {
  const { clock, seed } = settings;
  const faults = createFaults(createRandom(seed, 'faults'));
  const platform = createPlatform(settings, faults, () => [...ports]);
  return {
    platform,
    app: platform.app,
    sockets: platform.messaging.sockets,
    journal: createJournal(clock),
    faults,
    waits: createWaits(clock),
    clock,
    correlationId: createRandom(seed, 'correlation').uuid,
  };
}

function endRun({ waits, platform }: SimulatorRun): void {
  waits.end();
  platform.messaging.end();
}

function statsOf({ platform, journal, faults }: SimulatorRun): SimulatorStats {
  const openFaults = faults.list().length;
  return { ...journal.counts(), ...platform.counts(), faultsApplied: faults.applied, openFaults };
}

/** What the identity provider is asked by those who watch it: no fault touches it, and nothing of it is recorded. */
function isAside(path: string): boolean {
  return isUnder('/_idp', path) && path !== webhooksPath;
}

function isUnder(root: string, path: string): boolean {
  return path === root || path.startsWith(`${root}/`);
}

import { createGuestpass, GuestpassError, systemClock } from 'guestpass';
import { parseGuestPayload } from 'guestpass/contract';
import { type OpenExchange, openExchange } from '../open-exchange.ts';
import { type ConfigFlags, type LoadedConfig, loadConfig } from '../settings/load-config.ts';
import { tellCautions } from '../settings/tell-cautions.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { codeOf, misuse } from '../terminal/misuse.ts';
import type { OutputFlags } from '../terminal/output.ts';
import { showProgress } from '../terminal/progress.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { arrive } from './arrivals.ts';
import { type Assertion, judge } from './assertions.ts';
import type { LoadFault } from './faults.ts';
import { injectFaults } from './inject-faults.ts';
import { junitXml } from './junit.ts';
import { openJunitFile } from './junit-file.ts';
import { createMeasurements, type Measurements } from './measurements.ts';
import { openPayloads, type PayloadSource } from './payloads.ts';
import { type LoadReport, tellReport } from './report.ts';
import { createSchedule, type Schedule } from './schedule.ts';
import { gatewayTarget, platformTarget, type Target } from './targets.ts';

export interface LoadFlags extends OutputFlags, PayloadSource, Omit<ConfigFlags, 'clientSecret' | 'deadlineMs'> {
  /** Guests a second. */
  readonly rate: number;
  /** Milliseconds, as text; so the next two. */
  readonly for: string;
  readonly ramp: string;
  readonly deadline: string;
  readonly fault?: readonly LoadFault[];
  readonly assert?: readonly Assertion[];
  readonly junit?: string;
  /** Public listener of a gateway. */
  readonly gateway?: string;
  readonly unlimited?: boolean;
  readonly clientSecretStdin?: boolean;
}

/** Lets guests come at a rate, and measures how they fare. Resolves with the exit code. */
export async function load(surroundings: Surroundings, flags: LoadFlags): Promise<number> {
  const { signal } = surroundings;
  await using network = await openExchange(surroundings);
  const target = await openTarget(network, surroundings, flags);
  await using _target = target;
  const simulator = simulatorUrl(target.config, flags);
  await using _faults = await injectFaults(simulator, flags.fault ?? [], network.exchange);
  const payloadOf = await openPayloads(surroundings, flags, target.config?.values.channelId);
  const schedule = createSchedule({
    perSecond: flags.rate,
    durationMs: Number(flags.for),
    rampMs: Number(flags.ramp),
  });
  if (schedule.total === 0)
    throw misuse('--for', 'is too short for a single guest', 'Give more time, or a higher --rate.');
  refuseInVain(payloadOf(0));
  using junit = openJunit(flags);
  const report = await run({ schedule, target, payloadOf, surroundings, flags });
  tellReport(report, surroundings, flags);
  const endedAt = new Date((surroundings.clock ?? systemClock).now()).toISOString();
  junit?.write(junitXml(report.assertions, report.seconds, endedAt));
  if (signal.aborted) return exitCodes.interrupted.code;
  return report.assertions.every(({ ok }) => ok) ? exitCodes.done.code : exitCodes.problem.code;
}

/** A payload that nobody could come in with is told before the first guest. */
function refuseInVain(payload: unknown): void {
  const parsed = parseGuestPayload(payload);
  if (parsed.ok) return;
  throw new GuestpassError('payload_invalid', 'With this payload every guest would be refused.', {
    faults: parsed.faults,
  });
}

interface OpenTarget extends AsyncDisposable {
  readonly name: string;
  readonly try: Target;
  /** Absent with a gateway, whose own settings are not known here. */
  readonly config?: LoadedConfig;
}

async function openTarget(network: OpenExchange, surroundings: Surroundings, flags: LoadFlags): Promise<OpenTarget> {
  const { clock = systemClock, exchange } = surroundings;
  const deadlineMs = Number(flags.deadline);
  if (flags.gateway !== undefined) {
    const url = flags.gateway.replace(/\/+$/, '');
    const target = gatewayTarget(url, { exchange: network.exchange, clock, deadlineMs });
    return { name: url, try: target, [Symbol.asyncDispose]: async () => {} };
  }
  const secret = flags.clientSecretStdin ? (await surroundings.readStdin()).replace(/\r?\n$/, '') : undefined;
  const config = loadConfig(surroundings, { ...flags, ...(secret !== undefined && { clientSecret: secret }) });
  tellCautions(config.cautions, surroundings, flags);
  const isFree = flags.unlimited === true || config.values.target === 'simulator';
  if (!isFree) holdToBudget(flags.rate, config);
  const guests = createGuestpass({
    ...config.options,
    deadlineMs,
    ...(isFree && { requestsPerMinute: Number.POSITIVE_INFINITY }),
    clock,
    ...(exchange && { exchange }),
  });
  return {
    name: config.options.environment.apiUrl,
    try: platformTarget(guests),
    config,
    [Symbol.asyncDispose]: () => guests.close(),
  };
}

/** Genesys Cloud grants a token 300 calls a minute, and one guest is one call. */
function holdToBudget(perSecond: number, { values }: LoadedConfig): void {
  const { requestsPerMinute = 300 } = values;
  if (perSecond * 60 <= requestsPerMinute) return;
  const detail = `is above the ${requestsPerMinute} calls a minute that the platform grants`;
  throw misuse('--rate', detail, 'Lower it, load the simulator, or say --unlimited if the platform grants more.');
}

function simulatorUrl(config: LoadedConfig | undefined, { fault = [] }: LoadFlags): string {
  if (fault.length === 0) return '';
  if (config?.values.target === 'simulator') return config.options.environment.apiUrl;
  throw misuse('--fault', 'needs the target simulator', 'Give --target simulator, or leave --fault out.');
}

interface Scene {
  readonly schedule: Schedule;
  readonly target: OpenTarget;
  readonly payloadOf: (number: number) => unknown;
  readonly surroundings: Surroundings;
  readonly flags: LoadFlags;
}

async function run({ schedule, target, payloadOf, surroundings, flags }: Scene): Promise<LoadReport> {
  const { clock = systemClock, signal, terminal } = surroundings;
  const measurements = createMeasurements();
  const running = new Set<Promise<void>>();
  const malfunctions: unknown[] = [];
  const startedAt = clock.monotonic();
  const elapsedMs = () => clock.monotonic() - startedAt;
  const start = (number: number, dueAt: number) => {
    measurements.started(clock.monotonic() - dueAt);
    const one = target
      .try(payloadOf(number))
      .then((fared) => measurements.ended(fared, clock.monotonic() - dueAt))
      .catch((error: unknown) => void malfunctions.push(error))
      .finally(() => running.delete(one));
    running.add(one);
  };
  let startedMs: number;
  {
    const read = () => ({ text: progressText(measurements), share: elapsedMs() / Number(flags.for) });
    using _progress = showProgress({ terminal, clock, flags, read });
    await arrive(schedule, { clock, signal, start });
    startedMs = Math.max(elapsedMs(), 1);
    await Promise.all(running);
  }
  if (malfunctions.length > 0) throw malfunctions[0];
  const measured = measurements.read();
  // The last guest may be due a moment before the time is over.
  const startedPerSecond = round(
    (measured.started / Math.max(startedMs, signal.aborted ? 1 : Number(flags.for))) * 1_000,
  );
  return {
    target: target.name,
    perSecond: flags.rate,
    startedPerSecond,
    seconds: round(elapsedMs() / 1_000),
    planned: schedule.total,
    faults: (flags.fault ?? []).map(({ text }) => text),
    measured,
    assertions: (flags.assert ?? []).map((one) => judge(one, measured, startedPerSecond)),
  };
}

function progressText(measurements: Measurements): string {
  const { started, ended, errorPercent, latencyMs } = measurements.read();
  return `${started} started, ${started - ended} under way, errors ${errorPercent}%, p95 ${latencyMs.p95} ms`;
}

function openJunit({ junit }: LoadFlags) {
  try {
    return junit === undefined ? undefined : openJunitFile(junit);
  } catch (error) {
    throw misuse('--junit', `names a file that cannot be written${codeOf(error)}`, 'Name another file.');
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

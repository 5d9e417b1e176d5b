import { createSimulator, type Simulator, type SimulatorOptions } from '@guestpass/simulator';
import {
  type Attempt,
  type AuditRecord,
  type CallOptions,
  createGuestpass,
  type GuestNotice,
  type Guestpass,
  type GuestpassOptions,
} from 'guestpass';
import { fetchExchange } from 'guestpass/http';
import { type ManualClock, manualClock } from 'guestpass/testing';

/** The payload of the tutorial's complete example, to the letter. */
export const tutorialPayload = {
  channelId: 'your-channel-id',
  consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z' },
  captcha: { provider: 'recaptcha', response: '03AGdBq25...', score: 0.9 },
  attributes: { origin: 'automated_test', user_agent: 'python-httpx/0.24.0' },
} as const;

/** When every scene begins. */
export const begins = '2026-01-15T10:30:00.000Z';

export interface SceneOptions {
  readonly guestpass?: Partial<GuestpassOptions>;
  readonly simulator?: SimulatorOptions;
  /** Stands between the two; gets the simulator's own `fetch`. */
  readonly between?: (fetch: Simulator['fetch']) => (request: Request) => Promise<Response>;
}

/** One client and one simulated platform, on one clock that moves only when told. */
export interface Scene {
  readonly clock: ManualClock;
  readonly simulator: Simulator;
  readonly guestpass: Guestpass;
  /** What the callbacks were told so far; they are called after the guest's path. */
  readonly records: readonly AuditRecord[];
  readonly notices: readonly GuestNotice[];
  readonly problems: readonly unknown[];
  /** Lets one guest in, however long that takes on the clock. */
  attempt(payload?: unknown, call?: CallOptions): Promise<Attempt>;
  /** Waits for callbacks and ends the client. */
  close(): Promise<void>;
}

/** Backoffs are half of the longest, and the pace is unlimited, unless the options say otherwise. */
export function scene(options: SceneOptions = {}): Scene {
  const clock = manualClock(Date.parse(begins));
  const simulator = createSimulator({ seed: 1, clock, requestsPerMinute: 1_000_000, ...options.simulator });
  const records: AuditRecord[] = [];
  const notices: GuestNotice[] = [];
  const problems: unknown[] = [];
  const guestpass = createGuestpass({
    environment: 'http://127.0.0.1:4010',
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    requestsPerMinute: Number.POSITIVE_INFINITY,
    exchange: fetchExchange(options.between?.(simulator.fetch) ?? simulator.fetch),
    clock,
    random: () => 0.5,
    onAudit: (record) => void records.push(record),
    onGuest: (notice) => void notices.push(notice),
    onProblem: (error) => void problems.push(error),
    ...options.guestpass,
  });
  return {
    clock,
    simulator,
    guestpass,
    records,
    notices,
    problems,
    attempt: (payload = tutorialPayload, call) => clock.settle(guestpass.attempt(payload, call)),
    close: () => clock.settle(guestpass.close()),
  };
}

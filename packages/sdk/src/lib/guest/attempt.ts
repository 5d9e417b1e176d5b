import type { GuestPass } from '../contract/guest-pass.ts';
import type { GuestpassError } from '../errors.ts';

/** The stages of an attempt, in the order they run: cheap checks before anything that costs or burns a token. */
export const stageNames = ['payload', 'consent', 'channel', 'captcha', 'token', 'guest', 'audit', 'webhook'] as const;

/** The name of a stage. */
export type StageName = (typeof stageNames)[number];

/** Milliseconds spent in each stage that ran. */
export type StageTimings = Readonly<Partial<Record<StageName, number>>>;

/** How the captcha was judged; absent when the guest sent none. */
export interface CaptchaJudgement {
  readonly provider: string;
  /** True when the provider was asked; false when only the client's own score was held to the threshold. */
  readonly verified: boolean;
  readonly score: number | null;
  /** There when the provider was out of service and the channel lets its guests in all the same. */
  readonly unavailable?: true;
}

/** What is known of an attempt, however it ended. */
export interface AttemptFacts {
  /** `att_` and a UUID. */
  readonly id: string;
  /** As the guest sent it; `null` when the payload was too broken to say, or not looked at. */
  readonly channelId: string | null;
  readonly consentTimestamp: string | null;
  readonly captcha: CaptchaJudgement | null;
  /** ISO 8601 instant by our own clock. */
  readonly startedAt: string;
  /** How long the platform took to answer for the guest, retries and waits included, in milliseconds; 0 when it was not asked. */
  readonly latencyMs: number;
  /** The whole attempt up to its outcome, token included, in milliseconds. */
  readonly durationMs: number;
  readonly stages: StageTimings;
  /** How often the platform was asked again, over token and guest calls. */
  readonly retries: number;
  /** Each status the guests path answered, oldest first. */
  readonly statusCodes: readonly number[];
  /** The platform's id of its last answer. */
  readonly correlationId: string | null;
}

/** The guest is in. */
export interface Admitted extends AttemptFacts {
  readonly outcome: 'admitted';
  readonly guestPass: GuestPass;
}

/** Policy said no; nothing was sent to the platform. */
export interface Refused extends AttemptFacts {
  readonly outcome: 'refused';
  readonly stage: StageName;
  readonly error: GuestpassError;
}

/** The platform said no or could not be reached; no guest was created. */
export interface Failed extends AttemptFacts {
  readonly outcome: 'failed';
  readonly stage: StageName;
  readonly error: GuestpassError;
}

/** The request was sent and nobody knows whether the guest exists. */
export interface Unknown extends AttemptFacts {
  readonly outcome: 'unknown';
  readonly stage: StageName;
  readonly error: GuestpassError;
}

/** What became of one guest. A value, never thrown. */
export type Attempt = Admitted | Refused | Failed | Unknown;

/** How an attempt ended. */
export type Outcome = Attempt['outcome'];

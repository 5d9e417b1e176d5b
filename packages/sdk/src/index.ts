export type { AuditEvent, AuditRecord, AuditSink } from './lib/audit/event.ts';
export { type Clock, sleep, systemClock } from './lib/clock.ts';
export type { ConfigReader, ConfiguredOptions, GuestpassConfig } from './lib/config.ts';
export { readConfig } from './lib/config.ts';
export type { GuestConnection, GuestPass, SignedIn } from './lib/contract/guest-pass.ts';
export type { GuestPayload, JsonValue } from './lib/contract/guest-payload.ts';
export type { SignIn } from './lib/contract/sign-in.ts';
export type { PlatformHosts } from './lib/environment.ts';
export { messagingUrlOf, resolveEnvironment } from './lib/environment.ts';
export type { ErrorCode, ErrorEntry } from './lib/error-table.ts';
export { errorTable } from './lib/error-table.ts';
export type { Fault, GuestpassErrorDetails, Try } from './lib/errors.ts';
export { GuestpassError, isGuestpassError } from './lib/errors.ts';
export type {
  Admitted,
  Attempt,
  AttemptFacts,
  CaptchaJudgement,
  Failed,
  Outcome,
  Refused,
  StageName,
  StageTimings,
  Unknown,
} from './lib/guest/attempt.ts';
export type { Statistics } from './lib/guest/statistics.ts';
export type { Guestpass, GuestpassOptions } from './lib/guestpass.ts';
export { createGuestpass } from './lib/guestpass.ts';
export type { BreakerChange, BreakerOptions } from './lib/http/upstream-guard.ts';
export type { IssuerName } from './lib/issuer/issuer.ts';
export { issuerNames } from './lib/issuer/issuer.ts';
export type { IssuerOptions } from './lib/open-issuer.ts';
export { tutorialGuestsPath, tutorialScope } from './lib/open-issuer.ts';
export type { CallOptions, PipelineOptions } from './lib/pipeline.ts';
export type { RetryOptions } from './lib/platform.ts';
export type { CaptchaPolicy } from './lib/policy/captcha.ts';
export type { ConsentPolicy } from './lib/policy/consent.ts';
export type { Problem, ProblemOptions } from './lib/problem.ts';
export { problemOf, problemResponse } from './lib/problem.ts';
export type { Setting, SettingKey, SettingValues } from './lib/settings.ts';
export { configSettings, settingKeys } from './lib/settings.ts';
export type { GuestNotice, NoticeType } from './lib/webhook/notice.ts';

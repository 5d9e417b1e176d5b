export type { CaptchaSite } from './lib/captcha/siteverify-endpoint.ts';
export type { SimulatorClock } from './lib/clock.ts';
export { endpointsAt, type SimulatorEndpoints } from './lib/endpoints.ts';
export type { FaultBody, SimulatorFault } from './lib/faults/fault.ts';
export type { Faults, OpenFault } from './lib/faults/faults.ts';
export type { ChannelStatus } from './lib/guests/guests-endpoint.ts';
export type { Identity } from './lib/identity-provider/identities.ts';
export type { ReceivedWebhook } from './lib/identity-provider/identity-provider.ts';
export type { RecordedRequest } from './lib/journal/journal.ts';
export type { Bot, GuestMessage } from './lib/messaging/bot.ts';
export type { AgentConsole, Said, SayProblem, SessionSummary } from './lib/messaging/console.ts';
export type { AuthOptions, DeploymentOptions } from './lib/messaging/deployment.ts';
export type { MessagingLimits } from './lib/messaging/limits.ts';
export type { Reply } from './lib/messaging/reply.ts';
export type { SessionState } from './lib/messaging/session.ts';
export type {
  MessageContent,
  MessageEvent,
  PresenceType,
  StructuredMessage,
} from './lib/messaging/structured-message.ts';
export type { SimulatedClient } from './lib/oauth/token-endpoint.ts';
export type { Listening, ListeningCa, ListenOptions, TlsOptions } from './lib/server/listen.ts';
export { defaultChannels, defaultWebhookSecret, type SimulatorOptions } from './lib/settings.ts';
export type { SignInSite } from './lib/sign-in/site.ts';
export { createSimulator, type Simulator, type SimulatorStats } from './lib/simulator.ts';

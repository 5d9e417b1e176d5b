export type { GuestConnection, GuestPass, SignedIn } from './lib/contract/guest-pass.ts';
export type { SignIn } from './lib/contract/sign-in.ts';
export type { ErrorCode } from './lib/error-table.ts';
export { type Fault, GuestpassError, isGuestpassError } from './lib/errors.ts';
export type { AttributesPlacement, ButtonAnswer } from './lib/messaging/actions.ts';
export type { Attachment, ConversationEvent, Message, QuickReply } from './lib/messaging/message.ts';
export {
  type Closed,
  type Connection,
  type OpenOptions,
  type Transport,
  TransportError,
  type TransportErrorDetails,
} from './lib/messaging/transport.ts';
export { webSocketTransport } from './lib/messaging/web-socket.ts';
export { type WsTransportOptions, wsTransport } from './lib/messaging/ws.ts';
export type { SessionTarget } from './lib/session/address.ts';
export type { SessionEvent, SessionState } from './lib/session/channel-io.ts';
export type { SessionLimits } from './lib/session/limits.ts';
export type { ReconnectOptions } from './lib/session/link.ts';
export { connectSession } from './lib/session/node-session.ts';
export type {
  HistoryReading,
  OutgoingFile,
  ReadingOptions,
  SendOptions,
  SendTextOptions,
  Session,
  Waiting,
} from './lib/session/session.ts';
export type { SessionFacts } from './lib/session/session-facts.ts';
export type { SessionOptions } from './lib/session/session-options.ts';

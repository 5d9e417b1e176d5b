/** What the messaging plane allows. The platform's own numbers have changed before, so each is a setting. */
export interface MessagingLimits {
  /** Messages of one session a second. Default 5. */
  readonly messagesPerSecond: number;
  /** Requests on one connection a minute, of every kind. Default 60. */
  readonly requestsPerMinute: number;
  /** Times one session is configured a minute. Default 60. */
  readonly configuresPerMinute: number;
  /** Health checks on one connection a minute. Default 2. */
  readonly echoesPerMinute: number;
  /** Sockets opened to one deployment a minute. Default 1000. */
  readonly connectionsPerMinute: number;
  /** Connections of one session at a time; one more closes the oldest. Default 3. */
  readonly connectionsPerSession: number;
  /** History requests of one session a minute. Default 10. */
  readonly historyRequestsPerMinute: number;
  /** Exchanges, refreshes and revocations at one deployment a minute. Default 300. */
  readonly signInRequestsPerMinute: number;
  /** How long messages stay in the history. Default 15. */
  readonly historyDays: number;
  /** Custom attributes of one message: keys and values together, in UTF-8. Default 2048. */
  readonly customAttributeBytes: number;
  /** Text of a guest's message, in UTF-8. Default 4096. */
  readonly textBytes: number;
  /** Text of an agent's or a bot's message, in UTF-16 units. Default 4000. */
  readonly replyLength: number;
  /** The largest file a guest may send. Default 10,240. */
  readonly fileKilobytes: number;
  /** A file's name must be shorter than this. Default 1024. */
  readonly fileNameLength: number;
  /** How long a token for history, and a token for resuming, is good. Default 60. */
  readonly shortTokenSeconds: number;
  /** How long an address for an upload or a download is good. Default 600. */
  readonly fileAddressSeconds: number;
}

const defaults: MessagingLimits = {
  messagesPerSecond: 5,
  requestsPerMinute: 60,
  configuresPerMinute: 60,
  echoesPerMinute: 2,
  connectionsPerMinute: 1000,
  connectionsPerSession: 3,
  historyRequestsPerMinute: 10,
  signInRequestsPerMinute: 300,
  historyDays: 15,
  customAttributeBytes: 2048,
  textBytes: 4096,
  replyLength: 4000,
  fileKilobytes: 10_240,
  fileNameLength: 1024,
  shortTokenSeconds: 60,
  fileAddressSeconds: 600,
};

/** Fills in the defaults. Throws a `RangeError` for a number that cannot be meant. */
export function resolveLimits(limits: Partial<MessagingLimits>): MessagingLimits {
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw new RangeError(`limits.${name} must be a whole number above 0.`);
  }
  return { ...defaults, ...limits };
}

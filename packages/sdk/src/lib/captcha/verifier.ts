/** What the visitor's browser got from the provider. */
export interface CaptchaAnswer {
  /** The answer to check. Good once; never logged. */
  readonly response: string;
  /** The visitor's IP address, told to providers that weigh it. Default: they are told none. */
  readonly remoteIp?: string;
  /** The channel the guest wants in at, for verifiers that tell sites apart by it. Told to no provider. */
  readonly channelId?: string;
}

/** What one verification may spend. */
export interface CaptchaCall {
  /** Gives the verification up. */
  readonly signal?: AbortSignal;
  /** Instant on the clock's monotonic axis after which nobody waits any more. */
  readonly deadlineAt?: number;
}

/** The provider vouches for the visitor. */
export interface CaptchaPassed {
  readonly verdict: 'passed';
  /** From 0, surely a robot, to 1, surely a person, whatever the provider's own scale; `null` when it gave none. */
  readonly score: number | null;
  /** The site the answer was made on, when the provider said. */
  readonly hostname?: string;
  /** What the visitor was about to do, when the provider said. */
  readonly action?: string;
}

/** The answer is no good, or made for something else. */
export interface CaptchaRejected {
  readonly verdict: 'rejected';
  readonly reason: 'malformed' | 'invalid' | 'expired' | 'wrong_hostname' | 'wrong_action';
}

/** The answer was presented before. */
export interface CaptchaReused {
  readonly verdict: 'reused';
}

/** Nobody knows. The answer may be spent all the same, so that only a fresh one is worth another try. */
export interface CaptchaUnavailable {
  readonly verdict: 'unavailable';
  /**
   * `secret_refused` and `request_refused` are faults of the configuration; `outcome_unknown` says that the provider
   * took the answer when it was asked before, and that its verdict was lost; `left_alone` that it kept failing and is
   * not asked for a while.
   */
  readonly reason:
    | 'unreachable'
    | 'timeout'
    | 'aborted'
    | 'provider_error'
    | 'answer_invalid'
    | 'outcome_unknown'
    | 'left_alone'
    | 'secret_refused'
    | 'request_refused';
  /** A system's error code or `http_` and a status, when there is one. */
  readonly failure?: string;
  /** When it may be asked again, from now on, where that is known. */
  readonly retryAfterMs?: number;
}

/** What became of one captcha answer. A value, never thrown. */
export type CaptchaVerdict = CaptchaPassed | CaptchaRejected | CaptchaReused | CaptchaUnavailable;

/** Checks captcha answers with the one who made them. */
export interface CaptchaVerifier {
  /**
   * Resolves with a verdict, whatever it is. Rejects with `storage_unavailable` when it keeps a record of used answers
   * and cannot reach it, and with `overloaded` when too many wait for the provider.
   */
  verify(answer: CaptchaAnswer, call: CaptchaCall): Promise<CaptchaVerdict>;
  /**
   * The verdict on every answer while nobody can be asked, told without asking: no answer is spent for it. `undefined`
   * while somebody can. Throws `overloaded` where {@link CaptchaVerifier.verify} would reject with it at once. Default
   * somebody always can.
   */
  heldBack?(): CaptchaUnavailable | undefined;
}

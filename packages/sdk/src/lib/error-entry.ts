/** What is known about one error code, wherever it is told: SDK, command line, gateway, docs. */
export interface ErrorEntry {
  /** Status the gateway answers with; `null` for errors it never answers with: of a start-up, or of a running session. */
  readonly httpStatus: number | null;
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** Seconds to wait before the same call where nobody said how long. Absent where waiting is no help, or is not known to be. */
  readonly usualWaitSeconds?: number;
  readonly meaning: string;
  readonly cause: string;
  /** Words fit for the visitor: no internals, no blame. */
  readonly visitor: string;
  /** What the operator or developer does next. */
  readonly remedy: string;
}

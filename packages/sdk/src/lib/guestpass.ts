import { memoryChain } from './audit/chain.ts';
import type { AuditRecord, AuditSink } from './audit/event.ts';
import { createBooks } from './books.ts';
import type { GuestPass } from './contract/guest-pass.ts';
import type { GuestPayload } from './contract/guest-payload.ts';
import { parseGuestPayload } from './contract/parse-guest-payload.ts';
import { GuestpassError } from './errors.ts';
import type { Attempt } from './guest/attempt.ts';
import { attemptGuest, breakOff, endEarly, type Run, refusePayload } from './guest/attempt-guest.ts';
import { createIdempotency } from './guest/idempotency.ts';
import { createJoin } from './guest/join.ts';
import type { Statistics } from './guest/statistics.ts';
import { type CallOptions, createPipeline, type PipelineOptions, unusable } from './pipeline.ts';
import type { GuestNotice } from './webhook/notice.ts';

/** A client, its policy, and who is told of its guests. */
export interface GuestpassOptions extends PipelineOptions {
  /** Attempts under way at once; more fail at once with `overloaded`. Default 10,000. */
  readonly maxPending?: number | undefined;
  /** Where audit records go. Stays the caller's to dispose. Default a chain in memory, kept nowhere. */
  readonly audit?: AuditSink | undefined;
  /** Called with each audit record, after the guest's path; may be slow or throw without harm to it. */
  readonly onAudit?: ((record: AuditRecord) => unknown) | undefined;
  /** Called with a notice about each guest, the same way. Gets no session token. */
  readonly onGuest?: ((notice: GuestNotice) => unknown) | undefined;
  /** Told of callbacks that threw and of outcomes that could not be recorded. Default: nobody is. */
  readonly onProblem?: ((error: unknown) => void) | undefined;
}

/** A client that lets guests in until it is closed. */
export interface Guestpass {
  /** Lets one guest in. Never rejects for an outcome: refused, failed and unknown are values too. */
  attempt(payload: unknown, call?: CallOptions): Promise<Attempt>;
  /** Lets one guest in and resolves with the guest pass; rejects with the matching {@link GuestpassError}. */
  authenticate(payload: unknown, call?: CallOptions): Promise<GuestPass>;
  /** Counts and latencies since creation. */
  stats(): Statistics;
  /** Lets nobody in any more, waits for attempts and callbacks under way, then ends every connection. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A client that lets guests in. Everything it needs is in its options; nothing is global.
 *
 * @throws GuestpassError `config_invalid` when an option is not usable.
 * @example
 * await using guestpass = createGuestpass({ environment: 'http://127.0.0.1:4010', clientId, clientSecret });
 * const guestPass = await guestpass.authenticate(payload);
 */
export function createGuestpass(options: GuestpassOptions): Guestpass {
  const { maxPending = 10_000, audit = memoryChain(), onAudit, onGuest, onProblem } = options;
  if (!(maxPending >= 1)) throw unusable('/maxPending', 'must be 1 or more');
  const pipeline = createPipeline(options);
  const { clock } = pipeline.setup;
  const books = createBooks({ clock, audit, onAudit, onGuest, onProblem });
  const malfunctions = new WeakMap<Attempt, unknown>();
  const idle = Promise.withResolvers<void>();
  let pending = 0;
  let closing: Promise<void> | undefined;

  const attempt = async (payload: unknown, call?: CallOptions): Promise<Attempt> => {
    const run = pipeline.begin(call);
    if (closing !== undefined) return await books.settle(endEarly('failed', closed(), { run }), run);
    pending += 1;
    try {
      if (pending <= maxPending) return orThrow(await startOrJoin(payload, run), run);
      return await books.settle(endEarly('failed', tooMany(maxPending), { run }), run);
    } finally {
      pending -= 1;
      if (closing !== undefined && pending === 0) idle.resolve();
    }
  };

  // The line of an admissible payload. Without a record of the intent nothing is sent.
  const admit = async (payload: GuestPayload, run: Run): Promise<Attempt> => {
    const unrecorded = await books.intend(payload, run);
    if (unrecorded) return books.settle(endEarly('failed', unrecorded, { run, payload }), run);
    let attempted: Attempt;
    try {
      attempted = await attemptGuest(payload, pipeline.setup, run);
    } catch (malfunction) {
      attempted = breakOff(payload, run);
      malfunctions.set(attempted, malfunction);
    }
    return books.settle(attempted, run);
  };

  // The call that met the malfunction has it thrown; others with its key get the attempt, whose outcome is open.
  const orThrow = (attempt: Attempt, run: Run): Attempt => {
    if (attempt.id === run.id && malfunctions.has(attempt)) throw malfunctions.get(attempt);
    return attempt;
  };

  const startOrJoin = (input: unknown, run: Run): Promise<Attempt> => {
    const parsed = parseGuestPayload(input);
    if (!parsed.ok) return books.settle(refusePayload(input, parsed.faults, run), run);
    run.watch.lap('payload');
    if (run.idempotencyKey === undefined) return admit(parsed.payload, run);
    return attemptOnce(run.idempotencyKey, parsed.payload, run);
  };

  const join = createJoin({ idempotency: createIdempotency({ clock }), clock, start: admit });
  const attemptOnce = async (key: string, payload: GuestPayload, run: Run): Promise<Attempt> => {
    const joined = await join(key, payload, run);
    if (!(joined instanceof GuestpassError)) return joined;
    const outcome = joined.code === 'aborted' ? 'failed' : 'refused';
    return await books.settle(endEarly(outcome, joined, { run, payload }), run);
  };

  const end = async () => {
    if (pending > 0) await idle.promise;
    await books.drained();
    await pipeline.close();
  };
  const close = () => {
    closing ??= end();
    return closing;
  };

  return {
    attempt,
    authenticate: (payload, call) => attempt(payload, call).then(passOrThrow),
    stats: () => books.read(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function tooMany(maxPending: number): GuestpassError {
  return new GuestpassError('overloaded', `${maxPending} attempts are under way already.`);
}

function closed(): GuestpassError {
  const remedy = 'Create another one.';
  return new GuestpassError('aborted', 'The client is closed.', { retryable: false, remedy });
}

function passOrThrow(attempt: Attempt): GuestPass {
  if (attempt.outcome === 'admitted') return attempt.guestPass;
  const { error, id: attemptId } = attempt;
  const { code, detail, remedy, retryable, faults, retryAfterMs, status, correlationId } = error;
  throw new GuestpassError(code, detail, {
    remedy,
    retryable,
    faults,
    attemptId,
    cause: error,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(status !== undefined && { status }),
    ...(correlationId !== undefined && { correlationId }),
  });
}

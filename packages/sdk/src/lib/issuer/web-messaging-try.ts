import type { Sign } from '../http/breaker-state.ts';
import type { Try } from '../http/exchange.ts';
import { notify } from '../http/notify.ts';
import { createObserver, failureOf } from '../http/observe.ts';
import { followTry } from '../http/trace.ts';
import type { TraceTry } from '../http/trace-context.ts';
import type { Call } from './issuer.ts';
import { type Refusal, refusalOf } from './web-messaging-refusal.ts';
import { askForSession, type Configured, type SessionPlatform, type WantedSession } from './web-messaging-session.ts';
import { signOf } from './web-messaging-sign.ts';

/** Where sessions are asked for, and who follows. */
export interface SessionTryOptions extends Omit<SessionPlatform, 'headers'> {
  /** `Origin` of the upgrade; deployments that list allowed domains look at it. */
  readonly origin: string;
  /** Follows each try of calls that have no trace of their own; the upgrade carries what it gives. Default nobody does. */
  readonly trace?: TraceTry | undefined;
}

/** One try, and what came of it. */
export type SessionTry = {
  readonly tried: Try;
  /** What it says of the platform. */
  readonly sign: Sign;
} & ({ readonly answer: Configured } | { readonly refusal: Refusal });

/** For which guest, and how often before. */
export interface Asking {
  readonly call: Call;
  /** Every try for this guest before. */
  readonly before: readonly Try[];
}

/** Asks for a session once. Whoever is told of the tries over HTTP is told of this one as of those. */
export async function tryForSession(
  options: SessionTryOptions,
  wanted: WantedSession,
  { call, before }: Asking,
): Promise<SessionTry> {
  const { clock, origin } = options;
  const { headers, end } = tell(options, { call, before });
  const startedAt = clock.monotonic();
  try {
    const answer = await askForSession({ ...options, headers: { origin, ...headers } }, wanted, call);
    const durationMs = clock.monotonic() - startedAt;
    const sign = signOf(answer, durationMs);
    if ('session' in answer) {
      const ended = { status: 200 };
      end(ended, answer);
      return { tried: { ...ended, durationMs }, sign, answer };
    }
    const refusal = refusalOf(answer, clock.now());
    end(refusal.ended, refusal);
    return { tried: { ...refusal.ended, durationMs }, sign, refusal };
  } catch (error) {
    end({ failure: failureOf(error) }, { correlationId: null });
    throw error;
  }
}

/** An upgrade is a GET (RFC 6455 section 4.1), and all that is said on its connection belongs to it. */
function tell({ url, clock, trace }: SessionTryOptions, { call, before }: Asking) {
  const sending = { method: 'GET', url, resends: before.length, previous: before.at(-1) };
  const operation = 'guest';
  const followed = followTry(sending, { operation, trace: call.trace ?? trace });
  const observed = createObserver({ operation, clock })(sending);
  return {
    headers: followed?.headers,
    end(how: Refusal['ended'], { correlationId }: { readonly correlationId: string | null }) {
      const ended = { ...how, ...(correlationId !== null && { correlationId }) };
      observed?.(ended);
      notify(followed?.end, ended);
    },
  };
}

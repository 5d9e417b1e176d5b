import { type Clock, longestTimerMs } from '../clock.ts';
import type { SignedIn } from '../contract/guest-pass.ts';
import { GuestpassError, isGuestpassError } from '../errors.ts';
import type { SignInClient } from '../sign-in/sign-in-client.ts';
import { aborted } from './session-errors.ts';

export interface RenewalOptions {
  readonly client: Pick<SignInClient, 'refresh'>;
  readonly deploymentId: string;
  readonly clock: Clock;
  /** Draws when a renewal is due; 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  /** Told of each new JWT. */
  readonly onJwt: (jwt: string) => void;
  /** Told when there is no new one; `passing` says that there may be one later. */
  readonly onLost: (error: GuestpassError, passing: boolean) => void;
}

const timeoutMs = 30_000;
/** A JWT that lives shorter is replaced when it was refused, not ahead of its end. */
const leastWaitMs = 5000;
/** A renewal is due somewhere between these parts of what is left, so that many guests do not come at one moment. */
const earliest = 0.7;
const latest = 0.85;

/** Keeps the sign-in of a guest good: one refresh at a time, ahead of the end of the JWT, and whenever it was refused. */
export class Renewal {
  readonly #options: RenewalOptions;
  #newest: SignedIn | null = null;
  #flight: Promise<string> | undefined;
  #flying = new AbortController();
  #cancel: (() => void) | undefined;
  #rests = false;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** `null` while nobody is signed in. */
  get newest(): SignedIn | null {
    return this.#newest;
  }

  begin(signedIn: SignedIn): void {
    this.#rests = false;
    this.#replace(signedIn);
  }

  /** Tells a JWT that is not the spent one, or that there is none. */
  ask(spent: string): void {
    const of = this.#newest;
    const { onJwt, onLost } = this.#options;
    const fail = (error: unknown) => {
      // What became of a sign-in that is over matters to nobody.
      if (this.#newest !== of || !isGuestpassError(error)) return;
      const passing = !final.has(error.code);
      if (passing) this.#schedule();
      onLost(error, passing);
    };
    void this.renew(spent).then(onJwt, fail);
  }

  /**
   * Resolves with a JWT that is not the spent one.
   *
   * @throws GuestpassError what the refresh ended with; `sign_in_rejected` without a refresh token.
   */
  renew(spent: string): Promise<string> {
    const of = this.#newest;
    if (of !== null && of.jwt !== spent) return Promise.resolve(of.jwt);
    if (of === null || of.refreshToken === null) return Promise.reject(notRefreshable());
    this.#flight ??= this.#refresh(of, of.refreshToken);
    return this.#flight;
  }

  /** Nothing happens ahead of time any more, until it is woken. */
  rest(): void {
    this.#rests = true;
    this.#cancelTimer();
  }

  wake(): void {
    this.#rests = false;
    this.#schedule();
  }

  /** Nobody is signed in any more. */
  forget(): void {
    this.#replace(null);
  }

  /** A refresh under way for what was there before may not write back. */
  #replace(signedIn: SignedIn | null): void {
    this.#flying.abort();
    this.#flying = new AbortController();
    this.#flight = undefined;
    this.#newest = signedIn;
    this.#cancelTimer();
    this.#schedule();
  }

  async #refresh(of: SignedIn, refreshToken: string): Promise<string> {
    const { client, deploymentId, clock } = this.#options;
    const { signal } = this.#flying;
    const deadlineAt = clock.monotonic() + timeoutMs;
    try {
      const { signedIn } = await client.refresh(deploymentId, refreshToken, { signal, deadlineAt });
      if (this.#newest !== of) throw aborted();
      this.#replace(signedIn);
      return signedIn.jwt;
    } finally {
      if (this.#newest === of) this.#flight = undefined;
    }
  }

  #schedule(): void {
    const { refreshToken = null, expiresAt = null } = this.#newest ?? {};
    if (this.#cancel || this.#rests || refreshToken === null || expiresAt === null) return;
    const { clock, random } = this.#options;
    const leftMs = Date.parse(expiresAt) - clock.now();
    const delayMs = leftMs * (earliest + random() * (latest - earliest));
    if (!(delayMs >= leastWaitMs)) return;
    this.#cancel = clock.after(Math.min(delayMs, longestTimerMs), () => {
      this.#cancel = undefined;
      if (this.#newest) this.ask(this.#newest.jwt);
    });
  }

  #cancelTimer(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

/** What the platform will say again. */
const final: ReadonlySet<string> = new Set(['sign_in_rejected', 'forbidden', 'request_rejected', 'endpoint_not_found']);

function notRefreshable(): GuestpassError {
  return new GuestpassError('sign_in_rejected', 'The JWT is not good any more, and there is no refresh token.');
}

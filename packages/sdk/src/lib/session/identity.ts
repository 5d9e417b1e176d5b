import type { GuestpassError } from '../errors.ts';
import { configureAuthenticatedSession, configureSession } from '../messaging/actions.ts';
import type { ChannelInput, Effect } from './channel-io.ts';
import { refusedToSignIn, signedOut } from './session-errors.ts';

export interface IdentityOptions {
  readonly token: string;
  readonly deploymentId: string;
  /** Of a guest who signed in before the session began. */
  readonly jwt?: string | undefined;
  /** How long the platform may take, in milliseconds. */
  readonly answerTimeoutMs: number;
  readonly emit: (effect: Effect) => void;
  /** Asks, on a connection that is configured, to make the session that of the account. */
  readonly ask: (text: string) => void;
  /** Configures the connection, with what the identity says by now. */
  readonly configure: () => void;
  /** Ends the session: nobody speaks for its account any more. */
  readonly signOut: (error: GuestpassError) => void;
}

/** What may happen to an identity. */
export type IdentityInput = Extract<ChannelInput, { readonly type: 'sign-in' | 'jwt' | 'jwt-lost' }>;

/** So many JWTs in a row are replaced before the platform is believed; the official mobile SDK keeps the same. */
const mostRefusals = 3;

/**
 * As whom the guest speaks: as nobody the platform knows by name, or as the account that a JWT stands for. In between a
 * guest steps up: has a JWT, and the session is not known to be the account's yet.
 */
export class Identity {
  readonly #options: IdentityOptions;
  #jwt: string | undefined;
  #isSteppingUp = false;
  /** True while another JWT is waited for. */
  #waits = false;
  /** The JWT that was refused last, and how many were in a row. */
  #spent: string | undefined;
  #refusals = 0;
  /** Each request to configure has a name of its own: a late answer to one is not taken for that of the next. */
  #asked = 0;
  /** The JWT that the latest request told; by now there may be a newer one. */
  #told: string | undefined;

  constructor(options: IdentityOptions) {
    this.#options = options;
    this.#jwt = options.jwt;
  }

  get isSteppingUp(): boolean {
    return this.#isSteppingUp;
  }

  /** The request that makes the connection one of the guest's session. */
  configure(startNew: boolean): string {
    const { token, deploymentId } = this.#options;
    this.#asked += 1;
    this.#told = this.#jwt;
    const asked = { token, tracingId: nameOf(this.#asked), deploymentId, ...(startNew && { startNew: true }) };
    return this.#jwt === undefined ? configureSession(asked) : configureAuthenticatedSession(asked, this.#jwt);
  }

  /** Whether this names the latest request. */
  isAsked(tracingId: string | undefined): boolean {
    return tracingId === nameOf(this.#asked);
  }

  /** Whether this names an earlier request, which nobody waits for any more. */
  isStale(tracingId: string | undefined): boolean {
    return tracingId !== undefined && /^configure-\d+$/.test(tracingId) && !this.isAsked(tracingId);
  }

  take(input: IdentityInput, isConfigured: boolean): void {
    if (input.type === 'sign-in') this.#signIn(input.jwt, isConfigured);
    else if (input.type === 'jwt') this.#renewed(input.jwt, isConfigured);
    else this.#lost(input, isConfigured);
  }

  /** The platform took the latest request. True when the session has just become that of the account. */
  accepted(): boolean {
    if (this.#told !== undefined) this.#refusals = 0;
    if (!this.#isSteppingUp) return false;
    if (this.#told === undefined) {
      this.#ask();
      return false;
    }
    this.steppedUp();
    return true;
  }

  /** Nothing is left to become that of the account: the session is it, or has expired, and the next one will be. */
  steppedUp(): void {
    if (this.#isSteppingUp) this.#options.emit({ type: 'signed-in' });
    this.#isSteppingUp = false;
  }

  /** Takes the refusal of a connection, if it is about who the guest is. */
  refusedToConfigure(code: number): boolean {
    if (code === 401 && this.renew()) return true;
    if (this.#isSteppingUp) this.#goOnUnnamed(refusedToSignIn(code));
    else if (code === 401 && this.#jwt !== undefined) this.#options.signOut(signedOut());
    else return false;
    return true;
  }

  /** Takes the refusal of the request to sign in, while the conversation goes on. */
  refusedToSignIn(code: number): void {
    this.#options.emit({ type: 'cancel', timer: 'answer' });
    if (code !== 401 || !this.renew()) this.refuse(refusedToSignIn(code));
  }

  /** Asks for another JWT. False where there is none yet, and where so many were refused that another would not help. */
  renew(): boolean {
    if (this.#waits) return true;
    if (this.#told === undefined) return false;
    if (this.#told !== this.#spent) this.#refusals += 1;
    if (this.#refusals > mostRefusals) return false;
    this.#spent = this.#told;
    this.#waits = true;
    this.#options.emit({ type: 'cancel', timer: 'answer' });
    this.#options.emit({ type: 'renew', spent: this.#told });
    return true;
  }

  /** The session does not become that of the account, and goes on as before. */
  refuse(error: GuestpassError): void {
    if (!this.#isSteppingUp) return;
    this.#isSteppingUp = false;
    this.#jwt = undefined;
    this.#told = undefined;
    this.#options.emit({ type: 'sign-in-refused', error });
  }

  /** The connection is gone; another JWT is asked for again when the next one needs it. */
  cutOff(): void {
    this.#waits = false;
  }

  #signIn(jwt: string, isConfigured: boolean): void {
    this.#jwt = jwt;
    this.#isSteppingUp = true;
    this.#refusals = 0;
    if (isConfigured) this.#ask();
  }

  #ask(): void {
    const { ask, emit, answerTimeoutMs } = this.#options;
    ask(this.configure(false));
    emit({ type: 'timer', timer: 'answer', delayMs: answerTimeoutMs });
  }

  #renewed(jwt: string, isConfigured: boolean): void {
    const waited = this.#waits;
    this.#waits = false;
    if (this.#jwt !== undefined) this.#jwt = jwt;
    if (waited && isConfigured) this.#ask();
    else if (waited) this.#options.configure();
  }

  #lost({ error, passing }: Extract<IdentityInput, { readonly type: 'jwt-lost' }>, isConfigured: boolean): void {
    if (!this.#waits) return;
    this.#waits = false;
    if (isConfigured) this.refuse(error);
    else if (passing) this.#options.emit({ type: 'drop' });
    else if (this.#isSteppingUp) this.#goOnUnnamed(error);
    else this.#options.signOut(signedOut(error));
  }

  #goOnUnnamed(error: GuestpassError): void {
    this.refuse(error);
    this.#options.configure();
  }
}

function nameOf(asked: number): string {
  return `configure-${asked}`;
}

import type { Clock } from 'guestpass';
import type { Exchange } from 'guestpass/http';
import { createOpenIdSignIn, type ExpectedSignIn } from 'guestpass/oauth';
import type { OperatorSessions } from './http/operator-sessions.ts';
import { createMemoryRates } from './http/rate-store.ts';
import { vouchedHolder } from './operator-access.ts';
import type { SignInDesk } from './routes/operator/operator-sign-in.ts';
import { rangesOf } from './settings/network.ts';
import type { Operator } from './settings/operator-roles.ts';
import type { SignInConfig } from './settings/operator-sign-in.ts';
import { sharedOperator } from './settings/operators.ts';
import { createSeal, type MasterKey } from './store/seal.ts';

export interface SignInDeskOptions {
  /** As it stands now; its secret may change. */
  readonly config: () => SignInConfig;
  readonly sessions: Pick<OperatorSessions, 'open'>;
  readonly masterKey: MasterKey;
  readonly exchange: Exchange;
  readonly clock: Clock;
}

/** How long somebody may take at the provider. */
const wayMs = 600_000;
const mostFailures = 10;
const cookieName = 'guestpass_sign_in';

/**
 * Signs operators in at an OpenID provider. What a browser's way back must agree with is sealed in a cookie of its own, so
 * that any gateway of a fleet can end what another began. Nothing of the provider is kept but the name and the role.
 */
export function createSignInDesk({ config, sessions, masterKey, exchange, clock }: SignInDeskOptions): SignInDesk {
  const { issuer, clientId, scope, nameClaim, roleClaim } = config();
  const claims = [nameClaim, roleClaim];
  const clientSecret = () => config().clientSecret;
  const openId = createOpenIdSignIn({ issuer, clientId, clientSecret, scope, claims, exchange, clock });
  const seal = createSeal(masterKey, 'operator-sign-in');
  // What began at another provider does not end at this one.
  const bound = JSON.stringify([cookieName, issuer, clientId]);
  const failures = createMemoryRates({ clock });
  const underWay = new Map<string, number>();

  const cookieOf = (expected: ExpectedSignIn) => {
    const pending: Pending = { ...expected, untilMs: clock.now() + wayMs };
    return seal.seal(JSON.stringify(pending), bound).toString('base64url');
  };
  const pendingIn = (cookies: string | null): Pending | undefined => {
    const [, value = ''] = new RegExp(`(?:^|; ?)${cookieName}=([\\w-]{1,2048})(?:;|$)`).exec(cookies ?? '') ?? [];
    try {
      // A cast, because nobody but a gateway of this fleet can have sealed it.
      const pending = JSON.parse(seal.open(Buffer.from(value, 'base64url'), bound).toString()) as Pending;
      return clock.now() < pending.untilMs ? pending : undefined;
    } catch {
      return undefined;
    }
  };

  return {
    provider: new URL(issuer).host,
    async begin(origin) {
      const begun = await openId.begin(`${origin}/v1/operator-sign-in/callback`);
      if (begun.outcome !== 'begun') return begun;
      return { outcome: 'begun', url: begun.url, cookie: setCookie(cookieOf(begun.expected), origin, wayMs / 1_000) };
    },
    async finish({ cookies, answer, address }) {
      const pending = pendingIn(cookies);
      if (!pending) return { outcome: 'refused', failure: 'not_begun_here' };
      const key = rangesOf(address).single;
      // Those whose end is not known yet may all fail.
      const others = underWay.get(key) ?? 0;
      const rate = { key, limit: mostFailures - others };
      if (failures.read([rate]).some(({ allowed }) => !allowed)) return { outcome: 'refused', failure: 'too_many' };
      underWay.set(key, others + 1);
      const finished = await openId.finish(answer, pending);
      const left = (underWay.get(key) ?? 1) - 1;
      if (left > 0) underWay.set(key, left);
      else underWay.delete(key);
      const who = finished.outcome === 'signed_in' ? operatorIn(finished.claims, config()) : finished;
      if ('outcome' in who) {
        await failures.take([{ key, limit: mostFailures }]);
        return who;
      }
      const secure = pending.redirectUri.startsWith('https:');
      return { outcome: 'signed_in', operator: who, cookie: sessions.open(vouchedHolder(who), { secure }) };
    },
    takeBack: setCookie('', '', 0),
  };
}

interface Pending extends ExpectedSignIn {
  readonly untilMs: number;
}

/** `Lax`, because the provider's page leads back. It holds no session. */
function setCookie(value: string, origin: string, maxAge: number): string {
  const secure = origin.startsWith('https:') ? '; Secure' : '';
  return `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAge}${secure}`;
}

interface NoOperator {
  readonly outcome: 'refused';
  readonly failure: string;
}

/** Who the claims say it is, with the first role that fits; or what is missing. */
export function operatorIn(
  claims: Readonly<Record<string, unknown>>,
  { issuer, nameClaim, roleClaim, roles }: Omit<SignInConfig, 'clientSecret'>,
): Operator | NoOperator {
  const name = claims[nameClaim];
  if (!isName(name)) return { outcome: 'refused', failure: 'name_unusable' };
  const usesEmail = nameClaim === 'email' || roleClaim === 'email';
  if (usesEmail && !isVerified(claims.email_verified)) return { outcome: 'refused', failure: 'email_not_verified' };
  const given = [claims[roleClaim]].flat();
  const granted = roles.find(({ value }) => given.includes(value));
  return granted ? { name, role: granted.role, issuer } : { outcome: 'refused', failure: 'no_role' };
}

/** One line without a space around it, which a reader of records cannot take for the shared token. */
function isName(name: unknown): name is string {
  if (typeof name !== 'string' || !/^(?!\p{Z})[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,200}(?<!\p{Z})$/u.test(name))
    return false;
  return name.normalize('NFKC').toLowerCase() !== sharedOperator;
}

/** Providers that verify every address, or none, do not say so of one; some say it in words. */
function isVerified(said: unknown): boolean {
  return said === undefined || said === true || said === 'true';
}

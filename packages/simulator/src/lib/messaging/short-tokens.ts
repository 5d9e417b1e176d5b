import { createHmac } from 'node:crypto';
import type { SimulatorClock } from '../clock.ts';
import type { SeededRandom } from '../random.ts';

/** What a short token is for: reading the history, resuming under another token, or being a guest who signed in. */
export type ShortTokenUse = 'history' | 'resume' | 'guest';

export type ShortTokenCheck =
  | { readonly ok: true; readonly subject: string }
  | { readonly ok: false; readonly reason: 'bad' | 'expired' };

/** JWTs (RFC 7519, HS256) that name something, such as a session, for a short while. */
export interface ShortTokens {
  issue(use: ShortTokenUse, subject: string): { readonly token: string; readonly exp: number };
  check(use: ShortTokenUse, token: string): ShortTokenCheck;
}

export interface ShortTokensOptions {
  readonly clock: SimulatorClock;
  readonly random: SeededRandom;
  readonly goodForSeconds: number;
}

export function createShortTokens({ clock, random, goodForSeconds }: ShortTokensOptions): ShortTokens {
  const key = random.token();
  const sign = (content: string) => createHmac('sha256', key).update(content).digest('base64url');
  const header = encode({ alg: 'HS256', typ: 'JWT' });
  return {
    issue(use, subject) {
      const exp = Math.floor(clock.now() / 1000) + goodForSeconds;
      const content = `${header}.${encode({ aud: use, sub: subject, exp, jti: random.uuid() })}`;
      return { token: `${content}.${sign(content)}`, exp };
    },
    check(use, token) {
      const [content, claims, signature] = /^([^.]+\.([^.]+))\.([^.]+)$/.exec(token)?.slice(1) ?? [];
      if (content === undefined || claims === undefined || sign(content) !== signature) return bad;
      // Signed above by nobody but `issue`.
      const { aud, sub, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Claims;
      if (aud !== use) return bad;
      return clock.now() < exp * 1000 ? { ok: true, subject: sub } : { ok: false, reason: 'expired' };
    },
  };
}

interface Claims {
  readonly aud: ShortTokenUse;
  readonly sub: string;
  readonly exp: number;
}

const bad: ShortTokenCheck = { ok: false, reason: 'bad' };

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

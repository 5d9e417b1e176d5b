import type { Altcha } from '../captcha/altcha.ts';
import type { Origins } from '../http/origins.ts';
import type { Problems } from '../http/problem.ts';
import type { RateLimits } from '../http/rate-limits.ts';
import { refusalOf } from '../http/refusal.ts';
import type { Caller } from './authenticate-guest.ts';

export interface ChallengeDesk {
  readonly altcha: Pick<Altcha, 'challenge'>;
  readonly challengeRates: RateLimits;
  readonly origins: Origins;
  readonly problems: Problems;
}

/** `GET /captcha/challenge`: a fresh challenge for the ALTCHA widget, which needs no account anywhere. */
export function captchaChallenge(desk: ChallengeDesk): (request: Request, caller: Caller) => Promise<Response> {
  const { altcha, challengeRates, origins, problems } = desk;
  return async (request, { address, requestId }) => {
    const cors = origins.corsHeaders(request.headers.get('origin'));
    const { refusal, headers } = await challengeRates.ofCaller(address);
    if (refusal) return problems.reply({ ...refusalOf(refusal), headers: { ...cors, ...headers } }, requestId);
    return Response.json(await altcha.challenge(), { headers: { ...cors, ...headers } });
  };
}

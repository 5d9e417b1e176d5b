import { type Context, Hono } from 'hono';
import { type ApiError, apiErrorFor, apiErrorResponse } from '../api-error.ts';
import { type AskedEnv, exchangePath, refreshPath, revokePath } from '../asked.ts';
import { createPreflight, readableBy } from '../messaging/cross-origin.ts';
import { allowsOrigin, type Deployment, type Deployments } from '../messaging/deployment.ts';
import type { RateWindows } from '../rate-window.ts';
import type { Judged } from './evidence.ts';
import type { Grants, SignedIn } from './grants.ts';
import { type Evidence, exchangeSchema, parseRequest, refreshSchema } from './sign-in-request.ts';

export interface SignInOptions {
  readonly deployments: Deployments;
  readonly grants: Grants;
  /** Counts exchanges, refreshes and revocations per deployment. */
  readonly rates: RateWindows;
  readonly judge: (evidence: Evidence) => Promise<Judged>;
  /** Tells every connection of an account that it is signed out. */
  readonly logOut: (who: SignedIn) => void;
}

type Said = object | 'nothing' | ApiErrorAnswer;

interface ApiErrorAnswer {
  readonly refused: ApiError;
}

/** Signing in at the platform: what a guest brings from the provider becomes a JWT, which is refreshed and revoked. */
export function createSignIn(options: SignInOptions): Hono<AskedEnv> {
  const { deployments } = options;
  const isWelcome = (origin: string) =>
    [...deployments.values()].some((deployment) => allowsOrigin(deployment, origin));
  const app = new Hono<AskedEnv>();
  app.post(exchangePath, async (c) => respond(c, await exchange(c, options)));
  app.post(refreshPath, (c) => respond(c, refresh(c, options)));
  app.delete(revokePath, (c) => respond(c, revoke(c, options)));
  for (const [path, allow] of [
    [exchangePath, 'POST, OPTIONS'],
    [refreshPath, 'POST, OPTIONS'],
    [revokePath, 'DELETE, OPTIONS'],
  ] as const) {
    app.options(path, createPreflight(isWelcome));
    app.all(path, (c) => apiErrorResponse({ ...apiErrorFor(405), headers: { Allow: allow } }, c.env.correlationId));
  }
  return app;
}

/** `POST /api/v2/webdeployments/token/oauthcodegrantjwtexchange`. */
async function exchange(c: Context<AskedEnv>, options: SignInOptions): Promise<Said> {
  const parsed = parseRequest(exchangeSchema, c.req.header('content-type'), c.env.body);
  if (!parsed.ok) return { refused: parsed.error };
  const { deploymentId: named, oauth } = parsed.value;
  const deployment = options.deployments.get(named);
  if (!deployment) return { refused: deploymentUnknown };
  const problem = offerProblem(deployment, c.req.header('origin')) ?? rateProblem(options.rates, deployment.id);
  if (problem) return { refused: problem };
  const judged = await options.judge(oauth);
  if (!judged.ok) return { refused: judged.error };
  const who = { account: judged.account, deploymentId: deployment.id };
  return options.grants.begin(who, oauth.code !== undefined);
}

/** `POST /api/v2/webdeployments/token/refresh`. */
function refresh(c: Context<AskedEnv>, { deployments, grants, rates }: SignInOptions): Said {
  const parsed = parseRequest(refreshSchema, c.req.header('content-type'), c.env.body);
  if (!parsed.ok) return { refused: parsed.error };
  const { refreshToken, deploymentId: named } = parsed.value;
  const deployment = named === undefined ? undefined : deployments.get(named);
  if (named !== undefined && !deployment) return { refused: deploymentUnknown };
  const problem = rateProblem(rates, deployment?.id ?? 'none told');
  if (problem) return { refused: problem };
  const refreshed = grants.refresh(refreshToken, deployment?.id);
  if (!refreshed.ok) return { refused: credentialsError(refreshed.reason, 'refresh token') };
  const grantedAt = deployments.get(refreshed.deploymentId);
  const closed = grantedAt && offerProblem(grantedAt, c.req.header('origin'));
  return closed ? { refused: closed } : { jwt: refreshed.jwt };
}

/** `DELETE /api/v2/webdeployments/token/revoke`. */
function revoke(c: Context<AskedEnv>, { grants, rates, logOut }: SignInOptions): Said {
  const authorization = c.req.header('authorization');
  if (authorization === undefined) return { refused: bearerMissing };
  const check = grants.check(/^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '');
  if (!check.ok) return { refused: credentialsError(check.reason, 'token') };
  const problem = rateProblem(rates, check.deploymentId);
  if (problem) return { refused: problem };
  grants.revoke(check);
  logOut(check);
  return 'nothing';
}

function respond(c: Context<AskedEnv>, said: Said): Response {
  const response = responseOf(said, c.env.correlationId);
  // What is refused may be read too: a page must be able to tell a 401 from a broken connection.
  return readableBy(response, c.req.header('origin'), () => response.status !== 403);
}

function responseOf(said: Said, correlationId: string): Response {
  if (said === 'nothing') return new Response(null, { status: 204 });
  if ('refused' in said) return apiErrorResponse(said.refused, correlationId);
  return Response.json(said, { headers: { 'Cache-Control': 'no-store' } });
}

function offerProblem(deployment: Deployment, origin: string | undefined): ApiError | undefined {
  const { status, auth } = deployment;
  if (status !== 'active' || (origin !== undefined && !allowsOrigin(deployment, origin))) return apiErrorFor(403);
  return auth ? undefined : { ...apiErrorFor(403), message: 'The deployment does not offer authenticated messaging.' };
}

function rateProblem(rates: RateWindows, key: string): ApiError | undefined {
  const { admitted, allowed, resetSeconds } = rates.take(key);
  if (admitted) return undefined;
  return {
    status: 429,
    code: 'too.many.requests.retry.after',
    message: `Rate limit exceeded the maximum of ${allowed} requests a minute. Retry the request in [${resetSeconds}] seconds.`,
    headers: { 'Retry-After': String(resetSeconds) },
  };
}

const deploymentUnknown: ApiError = { ...apiErrorFor(404), message: 'The deployment was not found.' };

const headers = { 'WWW-Authenticate': 'Bearer' };

const bearerMissing: ApiError = {
  status: 401,
  code: 'authentication.required',
  message: 'No authentication bearer token.',
  headers,
};

function credentialsError(reason: 'bad' | 'expired' | 'revoked', what: string): ApiError {
  if (reason === 'expired')
    return { status: 401, code: 'credentials.expired', message: `The ${what} has expired.`, headers };
  return { ...apiErrorFor(401), headers };
}

import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { routePath } from 'hono/route';
import type { Altcha } from './captcha/altcha.ts';
import type { ClientAddress } from './http/client-address.ts';
import { addSecurityHeaders } from './http/headers.ts';
import type { Origins } from './http/origins.ts';
import type { Problems } from './http/problem.ts';
import type { RateLimits } from './http/rate-limits.ts';
import { refusalOf } from './http/refusal.ts';
import { requestId } from './http/request-id.ts';
import { renderErrors } from './openapi/error-page.ts';
import { answerPage } from './routes/answer-page.ts';
import { authenticateGuest, type Caller, type GuestDesk } from './routes/authenticate-guest.ts';
import { captchaChallenge } from './routes/captcha-challenge.ts';
import { createGuestPage, type GuestPageOptions } from './routes/pages/guest-page.ts';
import { type ConsentDesk, consentKeys, withdrawConsent } from './routes/withdraw-consent.ts';
import { plainTracing, type RequestTrace, type Tracing } from './tracing/tracing.ts';

export interface PublicAppOptions {
  readonly desk: GuestDesk;
  /** Makes captcha challenges. */
  readonly altcha: Pick<Altcha, 'challenge'>;
  /** How often challenges may be asked for. */
  readonly challengeRates: RateLimits;
  readonly origins: Origins;
  readonly problems: Problems;
  readonly clientAddress: ClientAddress;
  /** Default no guest page. */
  readonly guestPage?: GuestPageOptions;
  /** Takes receipts back and shows what verifies them. Default there are none. */
  readonly consents?: ConsentDesk | undefined;
  /** Follows each request. Default no spans; traces are carried on. */
  readonly tracing?: Pick<Tracing, 'receive'>;
  /** Told of what went wrong with a request for no reason that has a name. */
  readonly onError: (error: unknown) => void;
}

type Env = {
  readonly Bindings: HttpBindings;
  readonly Variables: { readonly requestId: string; readonly trace: RequestTrace };
};

/** What websites reach: guests come in here, and nothing else is here. */
export function createPublicApp(options: PublicAppOptions): Hono<Env> {
  const { desk, origins, problems, clientAddress, tracing = plainTracing, onError } = options;
  const app = new Hono<Env>();
  const letIn = authenticateGuest(desk);

  app.use(async (c, next) => {
    const id = requestId(c.req.header('x-request-id'));
    c.set('requestId', id);
    const trace = tracing.receive(c.req.raw);
    c.set('trace', trace);
    await trace.within(next);
    c.res.headers.set('X-Request-Id', id);
    c.res.headers.set('traceparent', trace.traceparent);
    addSecurityHeaders(c.res.headers);
    trace.end({ status: c.res.status, route: routeOf(c) });
  });

  const callerOf = (c: Context<Env>): Caller => {
    const peer = c.env?.incoming?.socket.remoteAddress;
    const address = clientAddress(peer, c.req.header('x-forwarded-for') ?? null);
    return { address, requestId: c.get('requestId'), trace: c.get('trace') };
  };

  const challenge = captchaChallenge(options);
  app.post('/v1/guests', (c) => letIn(c.req.raw, callerOf(c)));
  app.get('/captcha/challenge', (c) => challenge(c.req.raw, callerOf(c)));
  const errorPage = renderErrors();
  app.get('/docs/errors', () => answerPage(errorPage));
  const pages = options.guestPage ? createGuestPage(options.guestPage) : [];
  for (const [path, answer] of pages) app.get(path, (c) => answer(c.req.raw));

  const onlyPost = (path: string, detail: string) => {
    app.options(path, (c) => c.body(null, 204, origins.preflightHeaders(c.req.raw.headers)));
    app.all(path, (c) => {
      const headers = { Allow: 'OPTIONS, POST' };
      return problems.reply({ code: 'method_not_allowed', detail, headers }, c.get('requestId'));
    });
  };
  onlyPost('/v1/guests', 'Guests are let in by POST.');
  if (options.consents) {
    const [withdraw, keys] = [withdrawConsent(options.consents), consentKeys(options.consents)];
    app.post('/v1/withdrawals', (c) => withdraw(c.req.raw, callerOf(c)));
    app.get('/v1/consent-keys', (c) => keys(c.req.raw, callerOf(c)));
    onlyPost('/v1/withdrawals', 'Consents are withdrawn by POST.');
  }

  app.notFound((c) => problems.reply({ code: 'not_found', detail: 'There is nothing here.' }, c.get('requestId')));
  app.onError((error, c) => {
    onError(error);
    return problems.reply(refusalOf(error), c.get('requestId'));
  });
  return app;
}

/** What the request came to; `undefined` when there is nothing at its address. */
function routeOf(c: Context<Env>): string | undefined {
  const path = routePath(c, -1);
  return path === '/*' ? undefined : path;
}

import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { ClientAddress } from './http/client-address.ts';
import { addSecurityHeaders } from './http/headers.ts';
import type { Origins } from './http/origins.ts';
import type { Problems } from './http/problem.ts';
import { requestId } from './http/trace.ts';
import { authenticateGuest, type GuestDesk } from './routes/authenticate-guest.ts';

export interface PublicAppOptions {
  readonly desk: GuestDesk;
  readonly origins: Origins;
  readonly problems: Problems;
  readonly clientAddress: ClientAddress;
}

type Env = { readonly Bindings: HttpBindings; readonly Variables: { readonly requestId: string } };

/** What websites reach: guests come in here, and nothing else is here. */
export function createPublicApp({ desk, origins, problems, clientAddress }: PublicAppOptions): Hono<Env> {
  const app = new Hono<Env>();
  const letIn = authenticateGuest(desk);

  app.use(async (c, next) => {
    const id = requestId(c.req.header('x-request-id'));
    c.set('requestId', id);
    await next();
    c.res.headers.set('X-Request-Id', id);
    addSecurityHeaders(c.res.headers);
  });

  app.post('/v1/guests', (c) => {
    const peer = c.env?.incoming?.socket.remoteAddress;
    const address = clientAddress(peer, c.req.header('x-forwarded-for') ?? null);
    return letIn(c.req.raw, { address, requestId: c.get('requestId') });
  });
  app.options('/v1/guests', (c) => c.body(null, 204, origins.preflightHeaders(c.req.raw.headers)));
  app.all('/v1/guests', (c) => {
    const headers = { Allow: 'OPTIONS, POST' };
    const detail = 'Guests are let in by POST.';
    return problems.reply({ code: 'method_not_allowed', detail, headers }, c.get('requestId'));
  });

  app.notFound((c) => problems.reply({ code: 'not_found', detail: 'There is nothing here.' }, c.get('requestId')));
  return app;
}

import type { Context } from 'hono';
import type { AskedEnv } from '../asked.ts';

const allowed = {
  'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE',
  'Access-Control-Allow-Headers': 'authorization, content-type, x-amz-tagging',
  'Access-Control-Max-Age': '600',
};

/** Lets the page that asked read the answer, unless its origin is not welcome. */
export function readableBy(
  response: Response,
  origin: string | undefined,
  isWelcome: (origin: string) => boolean,
): Response {
  if (origin === undefined || !isWelcome(origin)) return response;
  response.headers.set('Access-Control-Allow-Origin', origin);
  response.headers.set('Access-Control-Expose-Headers', 'ININ-Correlation-Id, Retry-After');
  response.headers.append('Vary', 'Origin');
  return response;
}

/** Answers a browser that asks whether it may ask. */
export function createPreflight(isWelcome: (origin: string) => boolean) {
  return (c: Context<AskedEnv>): Response =>
    readableBy(new Response(null, { status: 204, headers: allowed }), c.req.header('origin'), isWelcome);
}

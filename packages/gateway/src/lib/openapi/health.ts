import * as z from 'zod';
import { operation } from './operation.ts';

export const aliveSchema = z.object({ status: z.literal('ok') });

/** Whether this gateway should be sent guests. */
export const readinessSchema = z.object({
  status: z.enum(['ready', 'not_ready']),
  checks: z
    .array(
      z.object({
        name: z.string(),
        ok: z.boolean(),
        detail: z.string().optional(),
      }),
    )
    .optional()
    .describe('With `verbose`.'),
});

/** Whether everything this gateway needs has been there once. */
export const startupSchema = z.object({ status: z.enum(['started', 'starting']) });

const tag = 'Operations';

const alive = { 200: { description: 'It runs.', schema: aliveSchema } };

export const livez = operation({
  id: 'isAlive',
  method: 'get',
  path: '/livez',
  tag,
  summary: 'Does the process run?',
  description: 'Looks at nothing else: a gateway whose database is away need not be restarted.',
  role: 'anybody',
  answers: alive,
});

export const healthz = operation({
  id: 'isHealthy',
  method: 'get',
  path: '/healthz',
  tag,
  summary: 'The same as /livez',
  role: 'anybody',
  answers: alive,
});

export const readyz = operation({
  id: 'isReady',
  method: 'get',
  path: '/readyz',
  tag,
  summary: 'Should guests be sent here?',
  description: 'A platform that is away does not make a gateway unready: all gateways would be.',
  role: 'anybody',
  query: z.strictObject({
    verbose: z.enum(['', '1', 'true'], 'must have no value').optional().describe('Lists the checks.'),
  }),
  answers: {
    200: { description: 'Yes.', schema: readinessSchema },
    503: { description: 'Not now.', schema: readinessSchema },
  },
});

export const startupz = operation({
  id: 'isStarted',
  method: 'get',
  path: '/startupz',
  tag,
  summary: 'Has the gateway started?',
  description: 'Once it has, it stays so until the process ends.',
  role: 'anybody',
  answers: {
    200: { description: 'Yes.', schema: startupSchema },
    503: { description: 'Not yet.', schema: startupSchema },
  },
});

export const metrics = operation({
  id: 'getMetrics',
  method: 'get',
  path: '/metrics',
  tag,
  role: 'viewer',
  summary: 'Metrics in the Prometheus text format',
  answers: { 200: { description: 'The metrics.', mediaType: 'text/plain', schema: z.string() } },
});

export const openapi = operation({
  id: 'getOpenApi',
  method: 'get',
  path: '/openapi.json',
  tag,
  role: 'viewer',
  summary: 'This description',
  answers: { 200: { description: 'OpenAPI 3.1.', schema: z.looseObject({ openapi: z.string() }) } },
});

const signInPage = {
  description: 'For browsers that are not signed in: a page to do that.',
  mediaType: 'text/html',
  schema: z.string(),
};

export const docs = operation({
  id: 'getDocs',
  method: 'get',
  path: '/docs',
  tag,
  role: 'viewer',
  summary: 'This description as a page',
  answers: {
    200: { description: 'A page that loads nothing else.', mediaType: 'text/html', schema: z.string() },
    401: signInPage,
  },
});

export const errorDocs = operation({
  id: 'getErrorDocs',
  method: 'get',
  path: '/docs/errors',
  tag,
  summary: 'Every error code, what it means and what to do',
  description: 'Where `type` of a problem leads. The public listener has this page too.',
  role: 'anybody',
  answers: { 200: { description: 'A page that loads nothing else.', mediaType: 'text/html', schema: z.string() } },
});

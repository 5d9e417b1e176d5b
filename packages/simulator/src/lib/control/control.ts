import { Hono } from 'hono';
import { type ApiError, apiErrorFor, apiErrorResponse } from '../api-error.ts';
import type { AskedEnv } from '../asked.ts';
import { parseFault } from '../faults/fault.ts';
import type { Faults } from '../faults/faults.ts';
import type { RecordedRequest } from '../journal/journal.ts';
import type { AgentConsole } from '../messaging/console.ts';
import { parseJson } from './json-body.ts';
import { createSessionsControl } from './sessions-control.ts';

/** What the control plane reaches. */
export interface Controlled<Stats> {
  readonly seed: string;
  readonly faults: Faults;
  readonly requests: () => readonly RecordedRequest[];
  readonly stats: () => Stats;
  readonly reset: () => void;
  readonly sessions: AgentConsole;
  readonly dropSockets: () => number;
}

/** The control plane over HTTP, under `/_sim`. No fault touches it, and nothing of it is recorded. */
export function createControl<Stats>(controlled: Controlled<Stats>): Hono<AskedEnv> {
  const { seed, faults, requests, stats, reset, sessions, dropSockets } = controlled;
  const app = new Hono<AskedEnv>().basePath('/_sim');
  app.get('/health', () => Response.json({ status: 'ok', seed }));
  app.get('/stats', () => Response.json(stats()));
  app.get('/requests', () => Response.json({ requests: requests() }));
  app.get('/faults', () => Response.json({ faults: faults.list() }));
  app.post('/faults', (c) => {
    if (!/^application\/json *(;|$)/i.test(c.req.header('content-type') ?? '')) {
      return apiErrorResponse(apiErrorFor(415), c.env.correlationId);
    }
    const parsed = parseFaultBody(c.env.body);
    if ('error' in parsed) return apiErrorResponse(parsed.error, c.env.correlationId);
    return Response.json({ id: faults.add(parsed.fault) }, { status: 201 });
  });
  app.delete('/faults', () => {
    faults.clear();
    return new Response(null, { status: 204 });
  });
  app.post('/reset', () => {
    reset();
    return new Response(null, { status: 204 });
  });
  app.post('/sockets/drop', () => Response.json({ dropped: dropSockets() }));
  app.route('/sessions', createSessionsControl(sessions));
  for (const [path, allow] of methods) {
    app.all(path, (c) => apiErrorResponse({ ...apiErrorFor(405), headers: { Allow: allow } }, c.env.correlationId));
  }
  app.notFound((c) => apiErrorResponse(apiErrorFor(404), c.env.correlationId));
  return app;
}

const methods = [
  ['/health', 'GET, HEAD'],
  ['/stats', 'GET, HEAD'],
  ['/requests', 'GET, HEAD'],
  ['/faults', 'GET, HEAD, POST, DELETE'],
  ['/reset', 'POST'],
  ['/sockets/drop', 'POST'],
  ['/sessions', 'GET, HEAD'],
  ['/sessions/:session/messages', 'GET, HEAD, POST'],
  ['/sessions/:session/expire', 'POST'],
] as const;

type FaultBody = { readonly fault: object } | { readonly error: ApiError };

function parseFaultBody(body: Uint8Array): FaultBody {
  const json = parseJson(body);
  if (!json) return { error: { status: 400, code: 'bad.request', message: 'The request body is not valid JSON.' } };
  const parsed = parseFault(json.value);
  if (parsed.ok) return { fault: parsed.fault };
  const details = parsed.problems.map(({ path }) => ({ errorCode: 'invalid.value', fieldName: path }));
  const message = parsed.problems.map(({ path, detail }) => `${path || 'the fault'}: ${detail}`).join('; ');
  return {
    error: { status: 400, code: 'constraint.validation', message: `This is not a fault: ${message}.`, details },
  };
}

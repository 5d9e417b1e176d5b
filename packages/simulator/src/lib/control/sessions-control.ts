import { type Context, Hono } from 'hono';
import { type ApiError, apiErrorFor, apiErrorResponse } from '../api-error.ts';
import type { AskedEnv } from '../asked.ts';
import type { AgentConsole, Said } from '../messaging/console.ts';
import { parseJson } from './json-body.ts';

/** The agent's side of the conversations, under `/_sim/sessions`. A session is named by its id or its token. */
export function createSessionsControl(sessions: AgentConsole): Hono<AskedEnv> {
  const app = new Hono<AskedEnv>();
  const refuse = (c: Context<AskedEnv>, error: ApiError) => apiErrorResponse(error, c.env.correlationId);
  app.get('/', () => Response.json({ sessions: sessions.list() }));
  app.get('/:session/messages', (c) => Response.json({ messages: sessions.history(c.req.param('session')) }));
  app.post('/:session/messages', (c) => {
    const json = parseJson(c.env.body);
    if (!json) return refuse(c, { ...apiErrorFor(400), message: 'The request body is not valid JSON.' });
    const said = sessions.say(c.req.param('session'), json.value);
    return said.ok ? Response.json({ messageId: said.messageId }, { status: 201 }) : refuse(c, errorOf(said));
  });
  app.post('/:session/expire', (c) => {
    const expired = sessions.expire(c.req.param('session'));
    return expired ? new Response(null, { status: 204 }) : refuse(c, apiErrorFor(404));
  });
  return app;
}

const errors = {
  no_session: { status: 404, code: 'not.found' },
  session_over: { status: 409, code: 'request.conflict' },
  not_a_reply: { status: 400, code: 'constraint.validation' },
} as const;

function errorOf({ problem, detail }: Extract<Said, { ok: false }>): ApiError {
  return { ...errors[problem], message: detail };
}

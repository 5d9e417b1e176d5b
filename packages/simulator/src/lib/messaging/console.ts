import type { Attachments } from './attachments.ts';
import { parseReply, type Reply, sayReply } from './reply.ts';
import type { Session, SessionState } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { Render, StructuredMessage } from './structured-message.ts';

/** One session as an operator sees it. */
export interface SessionSummary {
  readonly id: string;
  readonly deploymentId: string;
  /** Its beginning alone. */
  readonly token: string;
  readonly state: SessionState;
  readonly connections: number;
  readonly messages: number;
  /** Whether a human agent has taken over from the bot. */
  readonly attended: boolean;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** ISO 8601, UTC. */
  readonly expiresAt: string;
}

/** Why an agent cannot say it. */
export type SayProblem = 'no_session' | 'session_over' | 'not_a_reply';

export type Said =
  | { readonly ok: true; readonly messageId: string | null }
  | { readonly ok: false; readonly problem: SayProblem; readonly detail: string };

/** The agent's side of the conversations. A session is named by its id or its token. */
export interface AgentConsole {
  /** The last 10,000 sessions, oldest first. */
  list(): readonly SessionSummary[];
  /** Everything kept of a session, oldest first; empty for one that is not known. Addresses of files are relative. */
  history(session: string): readonly StructuredMessage[];
  /** A human agent takes over from the bot and says it. What is no reply is refused, whatever its type. */
  say(session: string, reply: Reply | unknown): Said;
  /** Ends a session's lifetime now. Returns whether there was one. */
  expire(session: string): boolean;
}

export interface AgentConsoleOptions {
  readonly sessions: Sessions;
  readonly attachments: Attachments;
  readonly render: Render;
  readonly replyLength: number;
}

export function createAgentConsole({ sessions, attachments, render, replyLength }: AgentConsoleOptions): AgentConsole {
  return {
    list: () => sessions.list().map(summarize),
    history: (name) => sessions.find(name)?.messages.map((message) => render(message, '')) ?? [],
    say(name, input) {
      const session = sessions.find(name);
      if (!session) return { ok: false, problem: 'no_session', detail: 'There is no such session.' };
      const parsed = parseReply(input, replyLength);
      if (!parsed.ok) return { ok: false, problem: 'not_a_reply', detail: parsed.problem };
      if (session.state !== 'open') {
        return { ok: false, problem: 'session_over', detail: `The session is ${session.state}.` };
      }
      session.attend();
      const message = sayReply(parsed.reply, session, { attachments, originatingEntity: 'Human' });
      return { ok: true, messageId: message?.id ?? null };
    },
    expire(name) {
      const session = sessions.find(name);
      const alive = session?.state === 'open' || session?.state === 'readOnly';
      if (alive) session?.expire();
      return alive;
    },
  };
}

function summarize(session: Session): SessionSummary {
  const { id, deployment, token, state, connections, messages, attended, createdAt, expiresAt } = session;
  return {
    id,
    deploymentId: deployment.id,
    token: `${token.slice(0, Math.min(4, token.length / 4))}…`,
    state,
    connections,
    messages: messages.length,
    attended,
    createdAt: new Date(createdAt).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
  };
}

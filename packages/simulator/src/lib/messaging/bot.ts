import type { Attachments } from './attachments.ts';
import { type Reply, sayReply } from './reply.ts';
import type { Session } from './session.ts';
import { attachmentIdOf, type MessageContent, type MessageEvent, type StoredMessage } from './structured-message.ts';
import type { Timers } from './timers.ts';

/** What a guest said, as a bot hears it. */
export interface GuestMessage {
  readonly sessionId: string;
  readonly deploymentId: string;
  readonly type: 'Text' | 'Structured' | 'Event';
  readonly text: string | undefined;
  readonly content: readonly MessageContent[];
  /** A Presence Join, for one. Typing is not heard. */
  readonly events: readonly MessageEvent[];
  readonly customAttributes: Readonly<Record<string, string>>;
}

/**
 * Answers guests until a human agent speaks. `echo` repeats text and files, `none` says nothing, and a function says
 * what it likes; a string is a text.
 */
export type Bot = 'echo' | 'none' | ((message: GuestMessage) => readonly (string | Reply)[]);

/** Hears a guest's message, and answers after the delay. */
export type HearGuest = (session: Session, message: StoredMessage) => void;

export interface BotOptions {
  readonly bot: Bot;
  readonly delayMs: number;
  readonly replyLength: number;
  readonly attachments: Attachments;
  readonly timers: Timers;
}

export function createBot({ bot, delayMs, replyLength, attachments, timers }: BotOptions): HearGuest {
  if (bot === 'none') return () => {};
  const think = bot === 'echo' ? echo : bot;
  const say = (session: Session, reply: Reply) => {
    if (session.state !== 'open' || session.attended) return;
    const text = reply.text?.slice(0, replyLength);
    sayReply({ ...reply, ...(text !== undefined && { text }) }, session, { attachments, originatingEntity: 'Bot' });
  };
  return (session, message) => {
    if (session.attended) return;
    const replies = think(heard(session, message)).map((reply) =>
      typeof reply === 'string' ? { text: reply } : reply,
    );
    if (replies.length === 0) return;
    timers.after(delayMs, () => {
      for (const reply of replies) say(session, reply);
    });
  };
}

function echo({ text, content }: GuestMessage): readonly Reply[] {
  const files = content.filter((part) => attachmentIdOf(part) !== undefined);
  if (text === undefined && files.length === 0) return [];
  return [{ text: `Echo: ${text ?? 'a file'}`, ...(files.length > 0 && { content: files }) }];
}

function heard(session: Session, message: StoredMessage): GuestMessage {
  const { type, text, content = [], events = [], customAttributes = {} } = message;
  const { id: sessionId, deployment } = session;
  return { sessionId, deploymentId: deployment.id, type, text, content, events, customAttributes };
}

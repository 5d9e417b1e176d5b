import * as z from 'zod';
import { isNestedDeeper } from '../nesting.ts';
import type { Attachments } from './attachments.ts';
import type { Session } from './session.ts';
import { sideEvents } from './side-event.ts';
import type { Draft, MessageContent, MessageEvent, StoredMessage } from './structured-message.ts';

/** What an agent or a bot says: one of these or several, told in this order. */
export interface Reply {
  /** Shows that somebody is typing, for five seconds. */
  readonly typing?: true;
  readonly text?: string;
  /** Buttons under the text; the label is the payload. */
  readonly quickReplies?: readonly string[];
  /** Structured content as it stands on the wire, such as a card. */
  readonly content?: readonly MessageContent[];
  /** A file with the message. */
  readonly attachment?: { readonly fileName: string; readonly fileType: string; readonly base64: string };
  /** Events as they stand on the wire, such as Presence `Authenticate`; each is kept as a message of its own. */
  readonly events?: readonly MessageEvent[];
  readonly nickname?: string;
  /** Ends the conversation. */
  readonly disconnect?: true;
}

const event: z.ZodType<MessageEvent> = z.discriminatedUnion('eventType', [
  z.looseObject({
    eventType: z.literal('Presence'),
    presence: z.looseObject({
      type: z.enum([
        'Authenticate',
        'AuthenticateCancel',
        'AuthenticateFailure',
        'Clear',
        'Disconnect',
        'Join',
        'SessionExpired',
        'SignIn',
      ]),
    }),
  }),
  z.looseObject({
    eventType: z.literal('Typing'),
    typing: z.looseObject({ type: z.enum(['On', 'Off']), duration: z.int().min(0).exactOptional() }),
  }),
  ...sideEvents,
]);

const replySchema: z.ZodType<Reply> = z
  .strictObject({
    typing: z.literal(true).exactOptional(),
    text: z.string().min(1).exactOptional(),
    quickReplies: z.array(z.string().min(1)).min(1).exactOptional(),
    content: z
      .array(z.looseObject({ contentType: z.string().min(1) }))
      .min(1)
      .exactOptional(),
    attachment: z
      .strictObject({ fileName: z.string().min(1), fileType: z.string().min(1), base64: z.base64() })
      .exactOptional(),
    events: z.array(event).min(1).exactOptional(),
    nickname: z.string().exactOptional(),
    disconnect: z.literal(true).exactOptional(),
  })
  .refine(saysSomething, 'must say something: typing, text, quickReplies, content, attachment, events or disconnect');

export type ReplyParse =
  | { readonly ok: true; readonly reply: Reply }
  | { readonly ok: false; readonly problem: string };

/** What is said is kept and written again. */
const mostLevels = 32;

/** Parses what an agent shall say. Never throws. */
export function parseReply(input: unknown, longestText: number): ReplyParse {
  if (isNestedDeeper(input, mostLevels)) return { ok: false, problem: 'the reply: is nested too deep' };
  const parsed = replySchema.safeParse(input);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the reply'}: ${message}`);
    return { ok: false, problem: problems.join('; ') };
  }
  if ((parsed.data.text?.length ?? 0) <= longestText) return { ok: true, reply: parsed.data };
  return { ok: false, problem: `text: is longer than ${longestText}` };
}

/** Says it to the guest. Returns the message that is kept, when there is one. */
export function sayReply(
  reply: Reply,
  session: Session,
  { attachments, originatingEntity }: { attachments: Attachments; originatingEntity: 'Human' | 'Bot' },
): StoredMessage | undefined {
  const { nickname, text } = reply;
  const speaker = { direction: 'Outbound', originatingEntity, nickname } as const;
  if (reply.typing) {
    session.mention({
      ...speaker,
      type: 'Event',
      events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }],
    });
  }
  const content = contentOf(reply, session, attachments);
  const said = text !== undefined || content.length > 0;
  const message = said ? session.add({ ...speaker, ...wordsOf(text, content) }) : undefined;
  for (const told of reply.events ?? []) session.add({ ...speaker, type: 'Event', events: [told] });
  if (reply.disconnect) leaveConversation(session, speaker);
  return message;
}

/** Ends the conversation as the deployment has it. */
export function leaveConversation(session: Session, speaker: Pick<Draft, 'originatingEntity' | 'nickname'>): void {
  const { conversationDisconnect } = session.deployment;
  if (conversationDisconnect !== 'off') {
    session.add({
      ...speaker,
      direction: 'Outbound',
      type: 'Event',
      events: [{ eventType: 'Presence', presence: { type: 'Disconnect' } }],
      metadata: { readOnly: String(conversationDisconnect === 'ReadOnly') },
    });
  }
  session.disconnect();
}

function wordsOf(
  text: string | undefined,
  content: readonly MessageContent[],
): Pick<Draft, 'type' | 'text' | 'content'> {
  const plain = content.every(({ contentType }) => contentType === 'Attachment');
  return { type: plain ? 'Text' : 'Structured', text, ...(content.length > 0 && { content }) };
}

function contentOf({ quickReplies = [], content = [], attachment }: Reply, session: Session, attachments: Attachments) {
  const buttons = quickReplies.map((label) => ({
    contentType: 'QuickReply',
    quickReply: { text: label, payload: label, action: 'Message' },
  }));
  const file = attachment && attachments.put(session.id, attachment);
  return [...content, ...buttons, ...(file ? [{ contentType: 'Attachment', attachment: { id: file } }] : [])];
}

function saysSomething({ typing, text, quickReplies, content, attachment, events, disconnect }: Reply): boolean {
  return [typing, text, quickReplies, content, attachment, events, disconnect].some((part) => part !== undefined);
}

import * as z from 'zod/mini';

/** A file in a conversation. */
export interface Attachment {
  readonly id: string;
  /** Where it can be fetched from for some minutes, or `null` when the platform names no address. */
  readonly url: string | null;
  readonly name: string | null;
  /** Media type, such as `image/png`, when the platform tells one. */
  readonly type: string | null;
  /** Bytes, when the platform tells them. */
  readonly size: number | null;
}

/** An answer the guest may choose with one tap. */
export interface QuickReply {
  readonly text: string;
  readonly payload: string;
}

/** One message of a conversation. */
export interface Message {
  /** The platform's id; the same wherever the message is met. */
  readonly id: string;
  /** `Structured` messages carry choices, cards or an answer chosen from them in `content`. */
  readonly type: 'Text' | 'Structured';
  readonly author: 'guest' | 'agent' | 'bot';
  /** How the author is called, when the platform tells it. */
  readonly name: string | null;
  /** Empty for a message that only carries files. */
  readonly text: string;
  /** When the platform took it, as an ISO 8601 instant, when it tells that. */
  readonly time: string | null;
  readonly attachments: readonly Attachment[];
  readonly quickReplies: readonly QuickReply[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Everything the message carries beside its text, as the platform sent it. */
  readonly content: readonly unknown[];
}

/** What happens beside the messages. */
export type ConversationEvent =
  | { readonly type: 'typing'; readonly author: Message['author']; readonly durationMs: number | null }
  | { readonly type: 'presence'; readonly presence: string; readonly author: Message['author'] };

/** A message, or what came in its place. */
export interface Conversed {
  readonly message: Message | null;
  readonly events: readonly ConversationEvent[];
  readonly metadata: Readonly<Record<string, string>>;
}

const optionalText = z.catch(z.optional(z.string()), undefined);

const authorSchema = z.object({ firstName: optionalText, lastName: optionalText, nickname: optionalText });

const conversedSchema = z.object({
  id: z.string().check(z.minLength(1), z.maxLength(512)),
  type: z.string(),
  text: z.catch(z.string(), ''),
  direction: z.catch(z.string(), 'Outbound'),
  originatingEntity: optionalText,
  channel: z.catch(z.object({ time: optionalText, from: z.catch(z.optional(authorSchema), undefined) }), {}),
  content: z.catch(z.array(z.unknown()), []),
  events: z.catch(z.array(z.unknown()), []),
  metadata: z.catch(z.record(z.string(), z.unknown()), {}),
});

type Raw = z.infer<typeof conversedSchema>;

const attachmentSchema = z.object({
  attachment: z.object({
    id: z.string().check(z.minLength(1), z.maxLength(512)),
    url: optionalText,
    filename: optionalText,
    fileName: optionalText,
    mime: optionalText,
    fileType: optionalText,
    contentSizeBytes: z.catch(z.optional(z.number()), undefined),
    fileSize: z.catch(z.optional(z.number()), undefined),
  }),
});

const quickReplySchema = z.object({ quickReply: z.object({ text: z.string(), payload: z.catch(z.string(), '') }) });

const eventSchema = z.object({
  eventType: z.string(),
  typing: z.catch(
    z.optional(z.object({ type: optionalText, duration: z.catch(z.optional(z.number()), undefined) })),
    undefined,
  ),
  presence: z.catch(z.optional(z.object({ type: optionalText })), undefined),
});

/**
 * Reads the body of a `StructuredMessage`, or one entry of the history. Unknown fields are ignored, and a field of the
 * wrong type counts as absent; without an id it is `undefined`. Never throws.
 */
export function readConversed(body: unknown): Conversed | undefined {
  const read = conversedSchema.safeParse(body);
  if (!read.success) return undefined;
  const raw = read.data;
  const metadata = textsOf(raw.metadata);
  return { message: messageOf(raw, metadata), events: raw.type === 'Event' ? eventsOf(raw) : [], metadata };
}

function messageOf(raw: Raw, metadata: Message['metadata']): Message | null {
  const { id, type, text, content, channel } = raw;
  if (type !== 'Text' && type !== 'Structured') return null;
  return {
    id,
    type,
    author: authorOf(raw),
    name: nameOf(channel.from),
    text,
    time: channel.time !== undefined && !Number.isNaN(Date.parse(channel.time)) ? channel.time : null,
    attachments: content.flatMap(attachmentOf),
    quickReplies: content.flatMap((item) => quickReplySchema.safeParse(item).data?.quickReply ?? []),
    metadata,
    content,
  };
}

/** The platform looks from its own side: what comes in is the guest's. */
function authorOf({ direction, originatingEntity }: Raw): Message['author'] {
  if (direction === 'Inbound') return 'guest';
  return originatingEntity === 'Bot' ? 'bot' : 'agent';
}

function nameOf(from: Raw['channel']['from']): string | null {
  if (!from) return null;
  const full = [from.firstName, from.lastName].filter(Boolean).join(' ');
  return from.nickname || full || null;
}

function attachmentOf(item: unknown): Attachment[] {
  const read = attachmentSchema.safeParse(item).data?.attachment;
  if (!read) return [];
  const { id, url, filename, fileName, mime, fileType, contentSizeBytes, fileSize } = read;
  const name = filename ?? fileName ?? null;
  return [{ id, url: url ?? null, name, type: mime ?? fileType ?? null, size: contentSizeBytes ?? fileSize ?? null }];
}

function eventsOf(raw: Raw): ConversationEvent[] {
  const author = authorOf(raw);
  return raw.events.flatMap((item): ConversationEvent[] => {
    const event = eventSchema.safeParse(item).data;
    if (event?.eventType === 'Typing' && event.typing?.type !== 'Off') {
      return [{ type: 'typing', author, durationMs: event.typing?.duration ?? null }];
    }
    const presence = event?.eventType === 'Presence' ? event.presence?.type : undefined;
    return presence === undefined ? [] : [{ type: 'presence', presence, author }];
  });
}

function textsOf(record: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const entries = Object.entries(record).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(entries);
}

import * as z from 'zod';
import { type Fields, readFields } from './client-frame.ts';
import type { MessagingLimits } from './limits.ts';
import { refusal, type ServerFrame } from './server-frame.ts';
import { sideEvents } from './side-event.ts';
import type { Draft, MessageContent, MessageEvent } from './structured-message.ts';

const strings = z.record(z.string(), z.string());
const metadata = strings.exactOptional();
const text = z.string().exactOptional();
const channel = z
  .looseObject({ metadata: z.looseObject({ customAttributes: metadata }).exactOptional() })
  .exactOptional();

const part = z.discriminatedUnion('contentType', [
  z.looseObject({ contentType: z.literal('Attachment'), attachment: z.looseObject({ id: z.string().min(1) }) }),
  z.looseObject({
    contentType: z.literal('ButtonResponse'),
    buttonResponse: z.looseObject({
      type: z.enum(['Button', 'QuickReply', 'DatePicker', 'ListPicker', 'Form']),
      text: z.string(),
      payload: z.string(),
    }),
  }),
]);

const event = z.discriminatedUnion('eventType', [
  z.object({
    eventType: z.literal('Presence'),
    // The others are the platform's to say.
    presence: z.object({ type: z.enum(['Join', 'Clear', 'Disconnect', 'AuthenticateCancel', 'AuthenticateFailure']) }),
  }),
  z.object({
    eventType: z.literal('Typing'),
    typing: z.object({ type: z.enum(['On', 'Off']), duration: z.int().min(0).exactOptional() }),
  }),
  ...sideEvents,
]);

/** `channel` stands in the message or beside it: the platform's own clients do either. */
const fields = z.looseObject({
  channel,
  message: z.discriminatedUnion('type', [
    z.looseObject({ type: z.literal('Text'), text, content: z.array(part).exactOptional(), metadata, channel }),
    z.looseObject({ type: z.literal('Structured'), text, content: z.array(part).min(1), metadata, channel }),
    z.looseObject({ type: z.literal('Event'), events: z.tuple([event]), metadata, channel }),
  ]),
});

/** What a guest says: an event, or words and content. */
export type GuestSays =
  | { readonly kind: 'event'; readonly event: MessageEvent; readonly draft: Draft }
  | { readonly kind: 'message'; readonly content: readonly MessageContent[]; readonly draft: Draft };

/** Reads the fields of an `onMessage`, and refuses what is empty or exceeds a limit. */
export function readGuestSays(frame: object, limits: MessagingLimits): Fields<GuestSays> {
  const read = readFields(fields, frame);
  if (!read.ok) return read;
  const { message, channel: outerChannel } = read.value;
  const customAttributes = (message.channel ?? outerChannel)?.metadata?.customAttributes;
  const problem = sizeProblem(message.type === 'Event' ? undefined : message.text, customAttributes, limits);
  if (problem) return { ok: false, refusal: problem };
  const speaker = {
    direction: 'Inbound',
    originatingEntity: 'Human',
    customAttributes,
    metadata: message.metadata,
  } as const;
  if (message.type === 'Event') {
    const [said] = message.events;
    return { ok: true, value: { kind: 'event', event: said, draft: { ...speaker, type: 'Event', events: [said] } } };
  }
  const { type, content = [] } = message;
  if (!message.text && content.length === 0) {
    return { ok: false, refusal: refusal(4020, 'Missing parameter: message.text.') };
  }
  const draft = { ...speaker, type, text: message.text, ...(content.length > 0 && { content }) };
  return { ok: true, value: { kind: 'message', content, draft } };
}

function sizeProblem(
  said: string | undefined,
  customAttributes: Readonly<Record<string, string>> | undefined,
  { textBytes, customAttributeBytes }: MessagingLimits,
): ServerFrame | undefined {
  if (said !== undefined && Buffer.byteLength(said) > textBytes) {
    return refusal(4011, `The message is longer than ${textBytes} bytes.`);
  }
  const bytes = Buffer.byteLength(
    Object.entries(customAttributes ?? {})
      .flat()
      .join(''),
  );
  if (bytes <= customAttributeBytes) return undefined;
  return refusal(4013, `Custom Attributes in channel metadata is larger than ${customAttributeBytes} bytes`);
}

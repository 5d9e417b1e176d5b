import type { SideEvent } from './side-event.ts';

/** Content as it stands on the wire; an attachment is kept by its id alone and dressed when it is told. */
export type MessageContent = Readonly<Record<string, unknown>> & { readonly contentType: string };

export type MessageEvent =
  | { readonly eventType: 'Presence'; readonly presence: { readonly type: PresenceType } }
  | { readonly eventType: 'Typing'; readonly typing: { readonly type: 'On' | 'Off'; readonly duration?: number } }
  | SideEvent;

export type PresenceType =
  | 'Authenticate'
  | 'AuthenticateCancel'
  | 'AuthenticateFailure'
  | 'Clear'
  | 'Disconnect'
  | 'Join'
  | 'SessionExpired'
  | 'SignIn';

/** What somebody says, before the server gives it an id and a time. */
export interface Draft {
  readonly type: 'Text' | 'Structured' | 'Event';
  /** The platform's view: what the guest says is `Inbound`. */
  readonly direction: 'Inbound' | 'Outbound';
  readonly originatingEntity: 'Human' | 'Bot';
  readonly text?: string | undefined;
  readonly content?: readonly MessageContent[] | undefined;
  readonly events?: readonly MessageEvent[] | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly customAttributes?: Readonly<Record<string, string>> | undefined;
  readonly nickname?: string | undefined;
}

/** A message the server knows. */
export interface StoredMessage extends Draft {
  readonly id: string;
  /** Milliseconds since the epoch; later than that of every earlier message of the session. */
  readonly time: number;
}

/** What a file looks like to those who may fetch it. */
export type DescribeAttachment = (attachmentId: string, baseUrl: string) => object;

/** Makes bodies for the wire; `baseUrl` is where the reader reaches this host. */
export type Render = (message: StoredMessage, baseUrl: string) => StructuredMessage;

/** The body of a `StructuredMessage`, and an entity of the history. */
export interface StructuredMessage {
  readonly id: string;
  readonly type: Draft['type'];
  readonly direction: Draft['direction'];
  readonly text?: string;
  readonly channel: {
    /** ISO 8601, UTC. */
    readonly time: string;
    readonly messageId: string;
    readonly type: 'Private';
    readonly from?: { readonly nickname: string };
    readonly metadata?: { readonly customAttributes: Readonly<Record<string, string>> };
  };
  readonly content?: readonly object[];
  readonly events?: readonly MessageEvent[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly originatingEntity: Draft['originatingEntity'];
}

export function createRender(describe: DescribeAttachment): Render {
  return (message, baseUrl) => {
    const { id, type, direction, text, content, events, metadata, originatingEntity } = message;
    const dress = (part: MessageContent) => {
      const attachmentId = attachmentIdOf(part);
      return attachmentId === undefined ? part : { ...part, attachment: describe(attachmentId, baseUrl) };
    };
    return {
      id,
      type,
      direction,
      ...(text !== undefined && { text }),
      channel: channelOf(message),
      ...(content && { content: content.map(dress) }),
      ...(events && { events }),
      ...(metadata && { metadata }),
      originatingEntity,
    };
  };
}

/** The id of the file a part stands for. */
export function attachmentIdOf({ contentType, attachment }: MessageContent): string | undefined {
  if (contentType !== 'Attachment' || typeof attachment !== 'object' || attachment === null) return undefined;
  return 'id' in attachment && typeof attachment.id === 'string' ? attachment.id : undefined;
}

function channelOf({ id, time, nickname, customAttributes }: StoredMessage): StructuredMessage['channel'] {
  return {
    time: new Date(time).toISOString(),
    messageId: id,
    type: 'Private',
    ...(nickname !== undefined && { from: { nickname } }),
    ...(customAttributes && { metadata: { customAttributes } }),
  };
}

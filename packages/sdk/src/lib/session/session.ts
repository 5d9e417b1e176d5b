// A page whose own library ends before explicit resource management needs the names all the same.
/// <reference lib="esnext.disposable" preserve="true" />
import type { SignedIn } from '../contract/guest-pass.ts';
import type { SignIn } from '../contract/sign-in.ts';
import type { ButtonAnswer } from '../messaging/actions.ts';
import type { Attachment, Message } from '../messaging/message.ts';
import type { SessionState } from './channel-io.ts';
import type { SessionFacts } from './session-facts.ts';

/** What may be added to something that is waited for. */
export interface Waiting {
  /** Gives the waiting up. What was already sent is not taken back. */
  readonly signal?: AbortSignal | undefined;
}

/** What may go with something the guest says. */
export interface SendOptions extends Waiting {
  /** Facts for routing: names and values of at most 2,048 bytes of UTF-8 together. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

/** What may go with a text. */
export interface SendTextOptions extends SendOptions {
  /** Files that were uploaded before and go with this message; then the text may be empty. Default none. */
  readonly attachments?: readonly Pick<Attachment, 'id'>[] | undefined;
}

/** A file of the guest. */
export interface OutgoingFile {
  /** Name with an extension, without folders. */
  readonly name: string;
  /** Media type, such as `image/png`. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Which page of the history is read. */
export interface ReadingOptions extends Waiting {
  /** From 1, the newest. Default 1. */
  readonly pageNumber?: number | undefined;
  /** Default that of the session. */
  readonly pageSize?: number | undefined;
}

/** One page of the history, in the order of the conversation. */
export interface HistoryReading {
  /** Oldest first. */
  readonly messages: readonly Message[];
  /** True when there are older ones. */
  readonly more: boolean;
}

/**
 * A guest's end of a conversation, which outlives its connections. Messages go out one at a time in the order they were
 * given; each is sent again only when the history shows that it did not arrive.
 */
export interface Session extends AsyncIterable<Message>, AsyncDisposable {
  readonly state: SessionState;
  /** What the platform says of the session. */
  readonly facts: SessionFacts;
  /** The conversation so far, in order, each message once, the guest's own included. */
  readonly transcript: readonly Message[];
  /**
   * Every message, from the first of the transcript on, each once; after a lost connection those missed come first. Ends
   * when the session is closed or has expired; throws when it was lost for good, and as `aborted` when the signal aborts.
   */
  messages(options?: Waiting): AsyncGenerator<Message, void, undefined>;
  /**
   * Says something, and resolves with the message as the platform took it.
   *
   * @throws GuestpassError `payload_invalid` before anything is sent; `request_rejected`, `rate_limited`, `session_expired`,
   * `session_read_only`, `session_closed`, `outcome_unknown`, `aborted`.
   */
  send(text: string, options?: SendTextOptions): Promise<Message>;
  /**
   * Answers a structured message with one of its choices.
   *
   * @example
   * const [first] = message.quickReplies;
   * if (first) await session.sendButton(first);
   */
  sendButton(answer: ButtonAnswer, options?: SendOptions): Promise<Message>;
  /** Tells that the guest is typing; at most once in five seconds, and only while connected. */
  sendTyping(): void;
  /** Uploads a file and sends it, with a text when there is one. */
  attach(file: OutgoingFile, options?: SendOptions & { readonly text?: string }): Promise<Message>;
  /**
   * Uploads a file that nobody else sees until it is sent.
   *
   * @throws GuestpassError `payload_invalid` before anything is sent; `request_rejected`, `platform_unavailable`, `aborted`.
   * @example
   * const photo = await session.upload({ name: 'damage.png', type: 'image/png', bytes });
   * await session.send('It arrived like this.', { attachments: [photo] });
   */
  upload(file: OutgoingFile, options?: Waiting): Promise<Pick<Attachment, 'id'>>;
  /** Takes an uploaded file back that was not sent; `request_rejected` when it was, or is not known. */
  deleteAttachment(attachment: Pick<Attachment, 'id'>, options?: Waiting): Promise<void>;
  /** Fetches a file of the conversation, through a fresh address. */
  download(attachment: Pick<Attachment, 'id'>, options?: Waiting): Promise<Uint8Array>;
  /** Reads the platform's history, whatever the transcript holds. */
  history(options?: ReadingOptions): Promise<HistoryReading>;
  /** Asks the platform to forget the conversation, where the deployment allows that. */
  clear(options?: Waiting): Promise<void>;
  /** Ends this conversation and begins the next, also after one that is read-only or has expired. */
  startNew(options?: Waiting): Promise<void>;
  /**
   * The newest sign-in of the guest, or `null` for a guest who is nobody the platform knows. A secret: keep it with the
   * guest pass, as its `signedIn`, to connect with later.
   */
  readonly signedIn: SignedIn | null;
  /**
   * Gives the platform what the site's OpenID provider gave, and makes the running conversation that of the account,
   * where the deployment allows it. Other connections of the conversation are closed. Until this resolves, and when it
   * rejects, the guest talks on as before.
   *
   * @throws GuestpassError `payload_invalid`, `request_rejected` when somebody has signed in already, `sign_in_rejected`,
   * `forbidden`, `rate_limited`, `platform_unavailable`, `deadline_exceeded`, `aborted`.
   */
  signIn(signIn: SignIn, options?: Waiting): Promise<void>;
  /**
   * Signs the guest out at the platform, on all connections and devices; this session ends as `signed-out`.
   *
   * @throws GuestpassError `session_signed_out` when nobody is signed in; else as {@link signIn}, and then nothing ended.
   */
  signOut(options?: Waiting): Promise<void>;
  /** Closes the connection; the conversation goes on with the same guest pass. */
  close(): Promise<void>;
}

/** The tracing id of every health check; by it the answer is told from a message. */
export const healthCheckId = 'SGVhbHRoQ2hlY2tNZXNzYWdlSWQ=';

/** What a guest says. */
export interface Draft {
  readonly text: string;
  /** Files that were uploaded before. */
  readonly attachmentIds?: readonly string[];
  /** An answer chosen among those offered. */
  readonly button?: ButtonAnswer;
  /** Facts for routing: at most 2,048 bytes of names and values. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** An answer the guest chose; a quick reply of a message is one as it is. */
export interface ButtonAnswer {
  /** What was chosen from. Default `QuickReply`. */
  readonly type?: 'Button' | 'QuickReply' | 'DatePicker' | 'ListPicker' | 'Form' | undefined;
  readonly text: string;
  readonly payload: string;
  /** Id of the message that offered it. */
  readonly originatingMessageId?: string;
}

/** Where custom attributes are put: in the message, as the official mobile SDK does, or beside it, as the Java SDK does. */
export type AttributesPlacement = 'message' | 'envelope';

/** A file as it is announced before its upload. */
export interface FileFacts {
  readonly name: string;
  /** Media type. */
  readonly type: string;
  /** Bytes. */
  readonly size: number;
}

interface Asked {
  /** Session token, the guest's secret. */
  readonly token: string;
  readonly tracingId: string;
}

/** Begins or resumes the session of a token; `startNew` begins the next one after a session that has ended. */
export function configureSession(
  asked: Asked & { readonly deploymentId: string; readonly startNew?: boolean },
): string {
  return JSON.stringify({ action: 'configureSession', ...asked });
}

/** Begins or resumes the session of the account that a JWT stands for; a session that runs becomes that account's. */
export function configureAuthenticatedSession(
  asked: Asked & { readonly deploymentId: string; readonly startNew?: boolean },
  jwt: string,
): string {
  return JSON.stringify({ action: 'configureAuthenticatedSession', ...asked, data: { code: jwt } });
}

/** Sends what the guest says. The platform sends it back with the same tracing id. */
export function sendMessage({ token, tracingId }: Asked, draft: Draft, placement: AttributesPlacement): string {
  const { attributes } = draft;
  const channel = attributes && { channel: { metadata: { customAttributes: attributes } } };
  const message = { ...messageOf(draft), ...(placement === 'message' && channel) };
  return JSON.stringify({ ...onMessage({ token, tracingId }, message), ...(placement === 'envelope' && channel) });
}

/** Tells that the guest is typing. */
export function sendTyping(asked: Asked, durationMs: number): string {
  const typing = { type: 'On', duration: durationMs };
  return JSON.stringify(onMessage(asked, { type: 'Event', events: [{ eventType: 'Typing', typing }] }));
}

/** Tells that the guest came, without a word: it starts the conversation where the deployment does so by itself. */
export function sendJoin(asked: Asked): string {
  return JSON.stringify(onMessage(asked, presence('Join')));
}

/** Asks the platform to forget the conversation. */
export function sendClear(asked: Asked): string {
  return JSON.stringify(onMessage(asked, presence('Clear')));
}

/** Asks for a sign of life; the answer carries {@link healthCheckId}. */
export function sendEcho(token: string): string {
  const message = { type: 'Text', text: 'ping' };
  return JSON.stringify({ action: 'echo', token, tracingId: healthCheckId, message });
}

/** Ends the session for all of its connections. */
export function closeSession(asked: Asked): string {
  return JSON.stringify({ action: 'closeSession', ...asked, closeAllConnections: true });
}

/** Asks for the short-lived token of the history. */
export function getJwt(asked: Asked): string {
  return JSON.stringify({ action: 'getJwt', ...asked });
}

/** Asks where a file may be uploaded to. */
export function announceAttachment(asked: Asked, attachmentId: string, { name, type, size }: FileFacts): string {
  const file = { fileName: name, fileType: type, fileSize: size };
  return JSON.stringify({ action: 'onAttachment', ...asked, attachmentId, ...file, errorsAsJson: true });
}

/** Asks for a fresh address of an uploaded file. */
export function getAttachment(asked: Asked, attachmentId: string): string {
  return JSON.stringify({ action: 'getAttachment', ...asked, attachmentId });
}

/** Takes an uploaded file back. */
export function deleteAttachment(asked: Asked, attachmentId: string): string {
  return JSON.stringify({ action: 'deleteAttachment', ...asked, attachmentId });
}

function onMessage({ token, tracingId }: Asked, message: object) {
  return { action: 'onMessage', token, tracingId, message };
}

function presence(type: 'Join' | 'Clear') {
  return { type: 'Event', events: [{ eventType: 'Presence', presence: { type } }] };
}

function messageOf({ text, attachmentIds = [], button }: Draft) {
  if (button) {
    const buttonResponse = { ...button, type: button.type ?? 'QuickReply' };
    return { type: 'Structured', text, content: [{ contentType: 'ButtonResponse', buttonResponse }] };
  }
  const content = attachmentIds.map((id) => ({ contentType: 'Attachment', attachment: { id } }));
  return { type: 'Text', ...(text !== '' && { text }), ...(content.length > 0 && { content }) };
}

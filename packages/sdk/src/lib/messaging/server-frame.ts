import * as z from 'zod/mini';
import { healthCheckId } from './actions.ts';
import { type Conversed, readConversed } from './message.ts';

interface Traced {
  /** The tracing id of the request this answers, when the platform repeats it. */
  readonly tracingId?: string;
}

/** What the platform says of a session. */
export interface SessionFrame {
  readonly kind: 'session';
  /** False when the session was closed. */
  readonly connected: boolean;
  readonly newSession: boolean;
  readonly readOnly: boolean;
  /** True when another session of the account that signed in was ended for this one. */
  readonly clearedExistingSession: boolean;
  /** Instant in milliseconds since the Unix epoch at which the session ends unless somebody speaks. */
  readonly expiresAtMs: number | null;
  readonly durationSeconds: number | null;
  readonly maxAttributeBytes: number | null;
  readonly maxFileBytes: number | null;
  /** File name extensions that are refused, such as `.exe`. */
  readonly blockedExtensions: readonly string[];
}

export interface ErrorFrame {
  readonly kind: 'error';
  /** A code of the messaging protocol (4000 to 4102), or one like those of HTTP. */
  readonly code: number;
}

export interface TooManyFrame {
  readonly kind: 'too-many';
  /** How long the platform asks to wait; `null` when it says nothing usable. */
  readonly retryAfterMs: number | null;
}

export interface UploadUrlFrame {
  readonly kind: 'upload-url';
  readonly attachmentId: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface UploadFailedFrame {
  readonly kind: 'upload-failed';
  readonly attachmentId: string | null;
  readonly code: number;
}

/** Everything a server may send, as far as it is known; the rest is `unknown`. */
export type ServerFrame = Traced &
  (
    | SessionFrame
    | (Conversed & { readonly kind: 'message' })
    | { readonly kind: 'pong'; readonly expiresAtMs: number | null }
    | { readonly kind: 'jwt'; readonly jwt: string; readonly expiresAtMs: number }
    | UploadUrlFrame
    | { readonly kind: 'uploaded'; readonly attachmentId: string; readonly url: string | null }
    | UploadFailedFrame
    | { readonly kind: 'attachment-deleted'; readonly attachmentId: string }
    | { readonly kind: 'connection-closed'; readonly reason: string | null }
    | { readonly kind: 'logged-out' }
    | { readonly kind: 'expired' }
    | { readonly kind: 'cleared' }
    | { readonly kind: 'unreadable' }
    | TooManyFrame
    | ErrorFrame
    | { readonly kind: 'unknown'; readonly class: string }
  );

type Envelope = z.infer<typeof envelopeSchema>;

const optionalText = z.catch(z.optional(z.string()), undefined);
const optionalNumber = z.catch(z.optional(z.number()), undefined);
const optionalFlag = z.catch(z.optional(z.boolean()), undefined);

const envelopeSchema = z.object({
  class: z.string().check(z.maxLength(128)),
  code: z.catch(z.number(), 200),
  body: z.unknown(),
  tracingId: optionalText,
});

/** Reads one frame. Unknown classes and fields are tolerated, and nothing a server may send makes it throw. */
export function readServerFrame(text: string): ServerFrame {
  const envelope = envelopeSchema.safeParse(jsonOrNothing(text));
  if (!envelope.success) return { kind: 'unreadable' };
  const { tracingId } = envelope.data;
  const frame = frameOf(envelope.data);
  return tracingId === undefined ? frame : { ...frame, tracingId };
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function frameOf(envelope: Envelope): ServerFrame {
  const { class: name, code } = envelope;
  const read = Object.hasOwn(readers, name) ? readers[name]?.(envelope) : undefined;
  if (read) return read;
  return code >= 400 ? { kind: 'error', code } : { kind: 'unknown', class: name };
}

const readers: Readonly<Record<string, (envelope: Envelope) => ServerFrame | undefined>> = {
  SessionResponse: readSession,
  StructuredMessage: readMessage,
  JwtResponse: ({ body }) => {
    const jwt = z.object({ jwt: z.string().check(z.minLength(1)), exp: z.number() }).safeParse(body).data;
    return jwt && { kind: 'jwt', jwt: jwt.jwt, expiresAtMs: jwt.exp * 1000 };
  },
  PresignedUrlResponse: ({ body }) => {
    const read = uploadUrlSchema.safeParse(body).data;
    return read && { kind: 'upload-url', ...read };
  },
  UploadSuccessEvent: ({ body }) => {
    const read = z.object({ attachmentId: z.string(), downloadUrl: optionalText }).safeParse(body).data;
    return read && { kind: 'uploaded', attachmentId: read.attachmentId, url: read.downloadUrl ?? null };
  },
  UploadFailureEvent: readUploadFailure,
  GenerateUrlError: readUploadFailure,
  AttachmentDeletedResponse: ({ body }) => {
    const read = z.object({ attachmentId: z.string() }).safeParse(body).data;
    return read && { kind: 'attachment-deleted', attachmentId: read.attachmentId };
  },
  TooManyRequestsErrorMessage: readTooMany,
  ConnectionClosedEvent: ({ body }) => {
    const read = z.object({ reason: optionalText, reasonCode: optionalText }).safeParse(body).data;
    return { kind: 'connection-closed', reason: read?.reason ?? read?.reasonCode ?? null };
  },
  LogoutEvent: () => ({ kind: 'logged-out' }),
  SessionExpiredEvent: () => ({ kind: 'expired' }),
  SessionClearedEvent: () => ({ kind: 'cleared' }),
};

const sessionSchema = z.object({
  connected: z.boolean(),
  newSession: optionalFlag,
  readOnly: optionalFlag,
  clearedExistingSession: optionalFlag,
  durationSeconds: optionalNumber,
  expirationDate: optionalNumber,
  maxCustomDataBytes: optionalNumber,
  blockedExtensions: z.catch(z.array(z.string()), []),
  allowedMedia: z.catch(z.optional(z.object({ inbound: z.object({ maxFileSizeKB: optionalNumber }) })), undefined),
});

function readSession({ body, code }: Envelope): ServerFrame | undefined {
  const read = sessionSchema.safeParse(body).data;
  if (!read || code >= 400) return undefined;
  const maxFileKb = read.allowedMedia?.inbound.maxFileSizeKB;
  return {
    kind: 'session',
    connected: read.connected,
    newSession: read.newSession ?? false,
    readOnly: read.readOnly ?? false,
    clearedExistingSession: read.clearedExistingSession ?? false,
    expiresAtMs: instantOf(read.expirationDate),
    durationSeconds: read.durationSeconds ?? null,
    maxAttributeBytes: read.maxCustomDataBytes ?? null,
    maxFileBytes: maxFileKb === undefined ? null : maxFileKb * 1024,
    blockedExtensions: read.blockedExtensions,
  };
}

function readMessage({ body, tracingId }: Envelope): ServerFrame | undefined {
  const conversed = readConversed(body);
  if (tracingId === healthCheckId) {
    return { kind: 'pong', expiresAtMs: instantOf(Number(conversed?.metadata.expirationDate ?? Number.NaN)) };
  }
  return conversed && { kind: 'message', ...conversed };
}

/** The latest instant a `Date` can tell. */
const endOfTimeMs = 8.64e15;

/** Seconds since the Unix epoch, if they are an instant. */
function instantOf(seconds: number | undefined): number | null {
  return seconds !== undefined && seconds > 0 && seconds * 1000 <= endOfTimeMs ? seconds * 1000 : null;
}

const uploadUrlSchema = z.object({
  attachmentId: z.string(),
  url: z.string().check(z.regex(/^https?:\/\//)),
  headers: z.catch(z.record(z.string(), z.string()), {}),
});

/** The outer code of a refusal differs between sources; the inner one counts. */
function readUploadFailure({ body, code }: Envelope): ServerFrame {
  const read = z.object({ attachmentId: optionalText, errorCode: optionalNumber }).safeParse(body).data;
  return { kind: 'upload-failed', attachmentId: read?.attachmentId ?? null, code: read?.errorCode ?? code };
}

function readTooMany({ body }: Envelope): ServerFrame {
  const seconds = z.object({ retryAfter: z.number().check(z.gte(0)) }).safeParse(body).data?.retryAfter;
  return { kind: 'too-many', retryAfterMs: seconds === undefined ? null : seconds * 1000 };
}

import type { Clock } from '../clock.ts';
import { GuestpassError } from '../errors.ts';
import {
  announceAttachment,
  deleteAttachment,
  type FileFacts,
  getAttachment,
  getJwt,
  sendClear,
} from '../messaging/actions.ts';
import { meaningOf } from '../messaging/platform-code.ts';
import type { ServerFrame, UploadUrlFrame } from '../messaging/server-frame.ts';
import { createAnswers, type Meaning } from './answers.ts';
import { interrupted } from './session-errors.ts';

export interface RequestsOptions {
  readonly token: string;
  readonly clock: Clock;
  readonly newId: () => string;
  /** How long an answer may take from the moment its request has its turn, in milliseconds. */
  readonly timeoutMs: number;
  /** How long a request has to wait for its turn, in milliseconds. */
  readonly waitMs: () => number;
  /** Sends a request as soon as that is possible. */
  readonly ask: (text: string) => void;
}

/** Where a file goes, and the word that it has arrived. */
export interface Upload {
  readonly address: UploadUrlFrame;
  /** Resolves when the platform has taken the file. */
  readonly arrived: () => Promise<void>;
}

/** Requests of a session that have an answer of their own. Each rejects when the connection is cut before it came. */
export interface Requests {
  /** The short-lived token of the history. A fresh one is behind everything that was said before. */
  jwt(signal: AbortSignal | undefined, fresh: boolean): Promise<string>;
  announce(file: FileFacts, signal: AbortSignal | undefined): Promise<Upload>;
  /** A fresh address of a file. */
  address(attachmentId: string, signal: AbortSignal | undefined): Promise<string>;
  /** Resolves when the platform has dropped the file. */
  deleteAttachment(attachmentId: string, signal: AbortSignal | undefined): Promise<void>;
  /** Resolves when the conversation is forgotten. */
  clear(signal: AbortSignal | undefined): Promise<void>;
  offer(frame: ServerFrame): void;
  cutOff(): void;
}

type Read<T> = (frame: ServerFrame) => Meaning<T> | undefined;

/** Reserve before a token is spent; the official mobile SDK keeps the same. */
const reserveMs = 5000;
/** Nobody waits longer for a turn. */
const longestWaitMs = 300_000;
/** An upload may be slow, and is scanned for viruses. */
const arrivalTimeoutMs = 120_000;

export function createRequests({ token, clock, newId, ask, ...options }: RequestsOptions): Requests {
  const answers = createAnswers(clock);
  let kept: Extract<ServerFrame, { readonly kind: 'jwt' }> | undefined;

  const request = <T>(write: (tracingId: string) => string, read: Read<T>, signal: AbortSignal | undefined) => {
    const tracingId = newId();
    const waitMs = options.waitMs();
    if (waitMs > longestWaitMs) return Promise.reject(tooMany(waitMs));
    const timeoutMs = options.timeoutMs + waitMs;
    const answer = answers.expect({ timeoutMs, signal, read: (frame) => refusal(frame, tracingId) ?? read(frame) });
    ask(write(tracingId));
    return answer;
  };

  return {
    async jwt(signal, fresh) {
      if (kept && !fresh && kept.expiresAtMs - reserveMs > clock.now()) return kept.jwt;
      let asked = '';
      const write = (tracingId: string) => {
        asked = tracingId;
        return getJwt({ token, tracingId });
      };
      // An answer that repeats the id of another request is a late one.
      const isMine = ({ tracingId = asked }: ServerFrame) => tracingId === asked;
      kept = await request(
        write,
        (frame) => (frame.kind === 'jwt' && isMine(frame) ? { value: frame } : undefined),
        signal,
      );
      return kept.jwt;
    },
    async announce(file, signal) {
      const id = newId();
      const write = (tracingId: string) => announceAttachment({ token, tracingId }, id, file);
      const read: Read<UploadUrlFrame> = (frame) => {
        if (frame.kind === 'upload-url' && frame.attachmentId === id) return { value: frame };
        return uploadFailure(frame, id);
      };
      const address = await request(write, read, signal);
      const arrival: Read<void> = (frame) => {
        if (frame.kind === 'uploaded' && frame.attachmentId === id) return { value: undefined };
        return uploadFailure(frame, id);
      };
      return { address, arrived: () => answers.expect({ timeoutMs: arrivalTimeoutMs, signal, read: arrival }) };
    },
    address: (attachmentId, signal) =>
      request(
        (tracingId) => getAttachment({ token, tracingId }, attachmentId),
        (frame) =>
          frame.kind === 'upload-url' && frame.attachmentId === attachmentId ? { value: frame.url } : undefined,
        signal,
      ),
    deleteAttachment: (attachmentId, signal) =>
      request(
        (tracingId) => deleteAttachment({ token, tracingId }, attachmentId),
        (frame) =>
          frame.kind === 'attachment-deleted' && frame.attachmentId === attachmentId ? { value: undefined } : undefined,
        signal,
      ),
    clear: (signal) =>
      request(
        (tracingId) => sendClear({ token, tracingId }),
        (frame) => (frame.kind === 'cleared' ? { value: undefined } : undefined),
        signal,
      ),
    offer: (frame) => answers.offer(frame),
    cutOff() {
      kept = undefined;
      answers.cutOff(interrupted());
    },
  };
}

function refusal(frame: ServerFrame, tracingId: string): Meaning<never> | undefined {
  if (frame.tracingId !== tracingId) return undefined;
  if (frame.kind === 'too-many') return { error: tooMany(frame.retryAfterMs ?? 3000) };
  if (frame.kind !== 'error') return undefined;
  const detail = `The platform refused the request: ${meaningOf(frame.code)}.`;
  return { error: new GuestpassError('request_rejected', detail, { remedy: 'Change the request; see the code.' }) };
}

function tooMany(retryAfterMs: number): GuestpassError {
  const detail = 'The platform answered that there are too many requests.';
  return new GuestpassError('rate_limited', detail, { retryAfterMs });
}

function uploadFailure(frame: ServerFrame, attachmentId: string): Meaning<never> | undefined {
  if (frame.kind !== 'upload-failed' || (frame.attachmentId ?? attachmentId) !== attachmentId) return undefined;
  const detail = `The platform refused the file: ${meaningOf(frame.code)}.`;
  return { error: new GuestpassError('request_rejected', detail, { remedy: 'Send another file.' }) };
}

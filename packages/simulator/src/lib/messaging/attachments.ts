import { createHash } from 'node:crypto';
import { createBoundedMap } from '../bounded-map.ts';
import type { SimulatorClock } from '../clock.ts';
import type { SeededRandom } from '../random.ts';
import type { FileAddresses } from './file-addresses.ts';
import type { DescribeAttachment } from './structured-message.ts';

const attachmentsRemembered = 10_000;
/** 256 MiB in memory; past that the oldest files expire. */
const bytesRemembered = 268_435_456;

export interface NewAttachment {
  readonly sessionId: string;
  /** The client may have chosen one. */
  readonly id?: string | undefined;
  readonly fileName: string;
  readonly fileType: string;
  readonly fileSize?: number | undefined;
  /** Hex or base64. */
  readonly fileMd5?: string | undefined;
}

/** A file on its way, or here. */
export interface Attachment extends NewAttachment {
  readonly id: string;
  readonly createdAt: number;
  readonly state: 'awaited' | 'failed' | 'uploaded' | 'sent' | 'deleted' | 'expired';
  /** Has to come with the upload. */
  readonly tagging: string;
  readonly bytes: Uint8Array | undefined;
  readonly sha256: string | undefined;
}

/** Why bytes are no good for what was announced. */
export interface UploadProblem {
  readonly errorCode: number;
  readonly errorMessage: string;
}

/** The files of all sessions, in memory. */
export interface Attachments {
  /** Announces a file; `undefined` when the id is taken. */
  announce(file: NewAttachment): Attachment | undefined;
  /** Only the session's own. */
  get(id: string, sessionId?: string): Attachment | undefined;
  /** Takes the bytes in, or says why not. */
  receive(attachment: Attachment, bytes: Uint8Array): UploadProblem | undefined;
  /** Keeps a file of our own and returns its id. */
  put(sessionId: string, file: { fileName: string; fileType: string; base64: string }): string;
  sent(attachment: Attachment): void;
  remove(attachment: Attachment): void;
  readonly describe: DescribeAttachment;
}

export interface AttachmentsOptions {
  readonly clock: SimulatorClock;
  readonly random: SeededRandom;
  readonly addresses: FileAddresses;
  readonly bytesMax: number;
}

type Kept = { -readonly [Key in keyof Attachment]: Attachment[Key] };

export function createAttachments({ clock, random, addresses, bytesMax }: AttachmentsOptions): Attachments {
  const files = createBoundedMap<Kept>(attachmentsRemembered);
  const keep = (file: Kept, bytes: Uint8Array) => {
    file.bytes = bytes;
    file.sha256 = hash('sha256', bytes).toString('hex');
    makeRoom();
  };
  const makeRoom = () => {
    const holding = files.values().filter(({ bytes }) => bytes !== undefined);
    let held = holding.reduce((total, { bytes }) => total + (bytes?.byteLength ?? 0), 0);
    for (const file of holding) {
      if (held <= bytesRemembered) return;
      held -= file.bytes?.byteLength ?? 0;
      file.bytes = undefined;
      file.state = 'expired';
    }
  };
  const kept = ({ id }: Attachment) => files.get(id);
  const blank = (id: string) => {
    const tagging = `application=simulator&attachment=${encodeURIComponent(id)}`;
    return { id, createdAt: clock.now(), tagging, bytes: undefined, sha256: undefined };
  };

  const attachments: Attachments = {
    announce(file) {
      const id = file.id ?? random.uuid();
      if (files.get(id)) return undefined;
      const fresh: Kept = { ...file, ...blank(id), state: 'awaited' };
      files.set(id, fresh);
      return { ...fresh };
    },
    get(id, sessionId) {
      const file = files.get(id);
      const mine = file && (sessionId === undefined || file.sessionId === sessionId);
      return mine && file.state !== 'deleted' ? { ...file } : undefined;
    },
    receive(attachment, bytes) {
      const file = kept(attachment);
      if (!file) return { errorCode: 4009, errorMessage: 'The attachment was not found.' };
      const problem = problemOf(attachment, bytes, bytesMax);
      file.state = problem ? 'failed' : 'uploaded';
      if (!problem) keep(file, bytes);
      return problem;
    },
    put(sessionId, { base64, ...file }) {
      const id = random.uuid();
      const fresh: Kept = { ...file, ...blank(id), sessionId, state: 'sent' };
      files.set(id, fresh);
      keep(fresh, new Uint8Array(Buffer.from(base64, 'base64')));
      return id;
    },
    sent(attachment) {
      const file = kept(attachment);
      if (file) file.state = 'sent';
    },
    remove(attachment) {
      const file = kept(attachment);
      if (!file) return;
      file.bytes = undefined;
      file.state = 'deleted';
    },
    describe(id, baseUrl) {
      const file = files.get(id);
      if (!file) return { id };
      return {
        id,
        url: addresses.make('GET', id, baseUrl),
        filename: file.fileName,
        mediaType: mediaTypeOf(file.fileType),
        mime: file.fileType,
        ...(file.bytes && { fileSize: file.bytes.byteLength, sha256: file.sha256 }),
      };
    },
  };
  return attachments;
}

function problemOf(file: Attachment, bytes: Uint8Array, bytesMax: number): UploadProblem | undefined {
  const { fileSize, fileMd5 } = file;
  const size = bytes.byteLength;
  if (size === 0) return { errorCode: 4102, errorMessage: 'The file is empty.' };
  if (size > bytesMax) return { errorCode: 4002, errorMessage: `The file is larger than ${bytesMax} bytes.` };
  if (fileSize !== undefined && fileSize !== size) {
    return { errorCode: 4002, errorMessage: `The file has ${size} bytes; ${fileSize} were announced.` };
  }
  if (fileMd5 === undefined) return undefined;
  const md5 = hash('md5', bytes);
  if (fileMd5.toLowerCase() === md5.toString('hex') || fileMd5 === md5.toString('base64')) return undefined;
  return { errorCode: 4003, errorMessage: 'The file is not the one that was announced: its MD5 differs.' };
}

function hash(algorithm: 'md5' | 'sha256', bytes: Uint8Array): Buffer {
  return createHash(algorithm).update(bytes).digest();
}

function mediaTypeOf(fileType: string): 'Image' | 'Video' | 'Audio' | 'File' {
  if (fileType.startsWith('image/')) return 'Image';
  if (fileType.startsWith('video/')) return 'Video';
  return fileType.startsWith('audio/') ? 'Audio' : 'File';
}

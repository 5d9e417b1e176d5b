import { GuestpassError } from 'guestpass';
import { type ScanFault, scanJson } from './json-scan.ts';

export interface BodyLimits {
  /** Default 32,768. */
  readonly maxBytes?: number;
  /** Objects and arrays inside each other. Default 8. */
  readonly maxDepth?: number;
}

/** The body as a JSON value, or why it is none. */
export type JsonBody =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: GuestpassError };

/**
 * Reads a body that is declared as JSON and nothing else. Refuses with `unsupported_media_type`, `body_too_large` (as
 * soon as that is known), or `body_invalid`: not UTF-8, a byte order mark, not JSON, nested too deep, a key given
 * twice, or a key that could reach a prototype. A caller who went away meanwhile is `aborted`. Never throws.
 */
export async function readJsonBody(request: Request, limits: BodyLimits = {}): Promise<JsonBody> {
  const { maxBytes = 32_768, maxDepth = 8 } = limits;
  const mediaFault = refuseMediaType(request.headers);
  if (mediaFault) return { ok: false, error: mediaFault };
  const declared = request.headers.get('content-length');
  if (declared !== null && Number(declared) > maxBytes) return { ok: false, error: tooLarge(maxBytes) };
  try {
    // With a declared length the server reads no more than that, and at once.
    const bytes =
      declared === null ? await readUpTo(request.body, maxBytes) : new Uint8Array(await request.arrayBuffer());
    if (bytes === undefined || bytes.byteLength > maxBytes) return { ok: false, error: tooLarge(maxBytes) };
    return parseBody(bytes, maxDepth);
  } catch (cause) {
    const error = new GuestpassError('aborted', 'The caller went away before the body had arrived.', { cause });
    return { ok: false, error };
  }
}

/** JSON is UTF-8 whatever a charset says (RFC 8259); another one named is a caller who means something else. */
const jsonType = /^application\/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?$/i;

function refuseMediaType(headers: Headers): GuestpassError | undefined {
  const type = headers.get('content-type');
  if (type === null) return new GuestpassError('unsupported_media_type', 'The request has no Content-Type.');
  if (!jsonType.test(type)) {
    return new GuestpassError('unsupported_media_type', 'The Content-Type is not application/json in UTF-8.');
  }
  return headers.has('content-encoding')
    ? new GuestpassError('unsupported_media_type', 'The request has a Content-Encoding.')
    : undefined;
}

/**
 * The whole stream, or `undefined` once it exceeds the limit. What follows is left unread: cancelling would end the
 * connection before the answer is out.
 */
async function readUpTo(stream: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Uint8Array | undefined> {
  if (!stream) return new Uint8Array();
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.byteLength;
    if (length > maxBytes) return undefined;
    chunks.push(next.value);
  }
  return Buffer.concat(chunks);
}

function parseBody(bytes: Uint8Array, maxDepth: number): JsonBody {
  if (bytes.byteLength === 0) return invalid('The body is empty.');
  const text = decode(bytes);
  if (text === undefined) return invalid('The body is not well-formed UTF-8.');
  if (text.startsWith('\ufeff')) return invalid('The body begins with a byte order mark.');
  const fault = scanJson(text, maxDepth);
  if (fault) return invalid(fault === 'too_deep' ? `The body is nested deeper than ${maxDepth} levels.` : told[fault]);
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    // The parser's own message repeats what it found.
    return invalid('The body is not JSON.');
  }
}

const told: Readonly<Record<Exclude<ScanFault, 'too_deep'>, string>> = {
  duplicate_key: 'The body has an object with one key twice.',
  forbidden_key: 'The body has an object with a forbidden key.',
};

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function invalid(detail: string): JsonBody {
  return { ok: false, error: new GuestpassError('body_invalid', detail) };
}

function tooLarge(maxBytes: number): GuestpassError {
  return new GuestpassError('body_too_large', `The body has more than ${maxBytes} bytes.`);
}

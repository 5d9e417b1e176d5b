import type { Clock } from '../clock.ts';
import { GuestpassError } from '../errors.ts';
import { withDeadline } from '../http/deadline.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from '../http/exchange.ts';
import type { UploadUrlFrame } from '../messaging/server-frame.ts';

export interface FilesOptions {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

const timeoutMs = 120_000;

/** Puts the bytes where the platform said they go. */
export async function putFile(
  { url, headers }: UploadUrlFrame,
  { type, bytes }: { readonly type: string; readonly bytes: Uint8Array },
  options: FilesOptions,
): Promise<void> {
  const request = { method: 'PUT', url, headers: { ...lowerCased(headers), 'content-type': type }, body: bytes };
  const { status } = await ask(request, options);
  if (status < 200 || status >= 300) throw refused('take the file', status);
}

/** Fetches the bytes of a file. */
export async function getFile(url: string, options: FilesOptions): Promise<Uint8Array> {
  const { status, body } = await ask({ method: 'GET', url, headers: {} }, options);
  if (status !== 200) throw refused('hand the file out', status);
  return body;
}

async function ask(request: HttpRequest, { exchange, clock, signal }: FilesOptions): Promise<HttpResponse> {
  const limits = { deadlineAt: clock.monotonic() + timeoutMs, ...(signal && { signal }) };
  try {
    return await withDeadline(exchange, { clock })({ ...request, ...limits });
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    const code = signal?.aborted ? 'aborted' : 'platform_unavailable';
    const remedy = 'The message with the file was not sent; send the file again.';
    throw new GuestpassError(code, `The file store did not answer (${error.failure}).`, { remedy, cause: error });
  }
}

function refused(what: string, status: number): GuestpassError {
  const code = status >= 500 ? 'platform_unavailable' : 'request_rejected';
  const remedy = 'Addresses of files are good for some minutes; ask for a new one by trying again.';
  return new GuestpassError(code, `The file store did not ${what} (${status}).`, { status, remedy });
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

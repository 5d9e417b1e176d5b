import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { apiErrorFor, apiErrorResponse } from '../api-error.ts';
import type { AskedEnv } from '../asked.ts';
import type { SimulatorClock } from '../clock.ts';
import type { Attachments } from './attachments.ts';
import { readableBy } from './cross-origin.ts';
import type { FileAddresses } from './file-addresses.ts';
import { notice } from './server-frame.ts';
import type { Sessions } from './sessions.ts';

export interface FilesEndpointOptions {
  readonly clock: SimulatorClock;
  readonly addresses: FileAddresses;
  readonly attachments: Attachments;
  readonly sessions: Sessions;
}

/**
 * `PUT` and `GET /attachments/{id}`, each by an address given out for it. An upload is answered 200 when it arrived;
 * whether it was any good is told on the socket.
 */
export function createFilesEndpoint({ clock, addresses, attachments, sessions }: FilesEndpointOptions) {
  const receive = (id: string, { headers, body }: { readonly headers: Headers; readonly body: Uint8Array }) => {
    const file = attachments.get(id);
    if (!file || headers.get('x-amz-tagging') !== file.tagging) return apiErrorFor(403);
    if (file.state === 'sent') return apiErrorFor(409);
    const problem = attachments.receive(file, body);
    const session = sessions.byId(file.sessionId);
    const timestamp = new Date(clock.now()).toISOString();
    if (problem) session?.tell(notice('UploadFailureEvent', { attachmentId: id, ...problem, timestamp }));
    else session?.tellEach(({ baseUrl }) => uploadSuccess(id, addresses.make('GET', id, baseUrl), timestamp));
    return undefined;
  };
  const fetchFile = (id: string): Response | undefined => {
    const file = attachments.get(id);
    if (!file?.bytes) return undefined;
    const headers = {
      'Content-Type': file.fileType,
      'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.fileName)}`,
      'X-Content-Type-Options': 'nosniff',
    };
    return new Response(Buffer.from(file.bytes), { headers });
  };
  const answer = (c: Context<AskedEnv>): Response => {
    const { correlationId, body } = c.env;
    const { method } = c.req;
    const id = c.req.param('attachmentId') ?? '';
    const refuse = (status: number) => apiErrorResponse(apiErrorFor(status), correlationId);
    const asked = method === 'HEAD' ? 'GET' : method;
    if (!addresses.allows(asked, id, new URL(c.req.url).searchParams)) return refuse(403);
    if (asked === 'GET') return fetchFile(id) ?? refuse(404);
    const error = receive(id, { headers: c.req.raw.headers, body });
    if (error) return apiErrorResponse(error, correlationId);
    const etag = createHash('md5').update(body).digest('hex');
    return new Response(null, { status: 200, headers: { ETag: `"${etag}"` } });
  };
  return (c: Context<AskedEnv>): Response => readableBy(answer(c), c.req.header('origin'), () => true);
}

function uploadSuccess(attachmentId: string, downloadUrl: string, timestamp: string) {
  return notice('UploadSuccessEvent', { attachmentId, downloadUrl, timestamp });
}

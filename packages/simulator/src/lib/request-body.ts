/** The platform's `request.bytes.max`. */
export const requestBytesMax = 512_000;

/** Reads a request's body to its end, or returns `undefined` as soon as it is known to exceed the platform's limit. */
export async function readRequestBody(request: Request): Promise<Uint8Array | undefined> {
  if (request.method === 'GET' || request.method === 'HEAD') return new Uint8Array();
  const declared = request.headers.get('content-length');
  if (declared !== null) {
    return Number(declared) > requestBytesMax ? undefined : new Uint8Array(await request.arrayBuffer());
  }
  return readChunks(request.body);
}

async function readChunks(stream: ReadableStream<Uint8Array> | null): Promise<Uint8Array | undefined> {
  if (!stream) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.byteLength;
    if (length > requestBytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

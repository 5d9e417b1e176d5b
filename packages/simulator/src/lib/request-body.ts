/** The platform's `request.bytes.max`. */
export const requestBytesMax = 512_000;

/** 64 MiB: a file stands in memory until it is judged. */
export const fileBytesMax = 67_108_864;

/** Reads a request's body to its end, or returns `undefined` as soon as it is known to exceed the limit. */
export async function readRequestBody(request: Request, bytesMax = requestBytesMax): Promise<Uint8Array | undefined> {
  if (request.method === 'GET' || request.method === 'HEAD') return new Uint8Array();
  const declared = request.headers.get('content-length');
  if (declared !== null) {
    return Number(declared) > bytesMax ? undefined : new Uint8Array(await request.arrayBuffer());
  }
  return readChunks(request.body, bytesMax);
}

async function readChunks(
  stream: ReadableStream<Uint8Array> | null,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  if (!stream) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.byteLength;
    if (length > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

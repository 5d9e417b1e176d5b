/** An answer told line by line, so that it can be wrong. */
export interface ScriptedAnswer {
  readonly status: number;
  /** Field lines in order; a name may stand twice. Holds no `Content-Length`. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** What `Content-Length` says. Where it exceeds the body, the connection breaks after the body. */
  readonly declaredLength: number;
}

/** How a request reached the simulator, and what can be done to it there that a `Response` cannot say. */
export interface Wire {
  /** Breaks the connection with no answer. */
  reset(): Promise<Response>;
  send(answer: ScriptedAnswer): Promise<Response>;
}

/** Fails the way `fetch` of Node fails, for requests that never touch a socket. */
export const fetchWire: Wire = {
  reset() {
    const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
    return Promise.reject(new TypeError('fetch failed', { cause }));
  },
  async send({ status, headers, body, declaredLength }) {
    const fields = new Headers();
    for (const [name, value] of headers) fields.append(name, value);
    if (isBodiless(status)) return new Response(null, { status, headers: fields });
    fields.set('Content-Length', String(declaredLength));
    const content = declaredLength > body.byteLength ? brokenAfter(body) : Buffer.from(body);
    return new Response(content, { status, headers: fields });
  },
};

/** RFC 9110: these never carry content. */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

function brokenAfter(body: Uint8Array): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (!sent && body.byteLength > 0) {
        sent = true;
        controller.enqueue(body);
        return;
      }
      const cause = Object.assign(new Error('other side closed'), { name: 'SocketError', code: 'UND_ERR_SOCKET' });
      controller.error(new TypeError('terminated', { cause }));
    },
  });
}

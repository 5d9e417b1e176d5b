/** What the server writes on a socket, as JSON text. */
export interface ServerFrame {
  readonly type: 'message' | 'response';
  readonly class: string;
  readonly code: number;
  readonly body: object | string;
  /** That of the request it answers. */
  readonly tracingId?: string;
}

/** The answer to a request. */
export function response(name: string, body: object): ServerFrame {
  return { type: 'response', class: name, code: 200, body };
}

/** What nobody asked for. */
export function notice(name: string, body: object = {}): ServerFrame {
  return { type: 'message', class: name, code: 200, body };
}

/** A "no": the body is text for people, the code says what is the matter. */
export function refusal(code: number, text: string): ServerFrame {
  return { type: 'response', class: 'string', code, body: text };
}

export const requestRateTooHigh = 4029;

export function tooManyRequests(retryAfter: number, errorMessage: string): ServerFrame {
  const body = { retryAfter, errorCode: requestRateTooHigh, errorMessage };
  return { type: 'response', class: 'TooManyRequestsErrorMessage', code: 429, body };
}

/** Names the request that a frame answers. */
export function traced(frame: ServerFrame, tracingId: string | undefined): ServerFrame {
  return tracingId === undefined ? frame : { ...frame, tracingId };
}

/** One field at fault, as the platform's `ErrorBody.details` names it. */
export interface ApiErrorDetail {
  readonly errorCode: string;
  readonly fieldName: string;
}

/** What an error answer of the API says. */
export interface ApiError {
  readonly status: number;
  /** One of the platform's dotted codes, such as `not.found`. */
  readonly code: string;
  readonly message: string;
  readonly entityName?: string;
  readonly entityId?: string;
  readonly details?: readonly ApiErrorDetail[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers with the platform's error body (`ErrorBody` in its SDK documentation); `contextId` is the correlation id. */
export function apiErrorResponse(error: ApiError, contextId: string): Response {
  const { status, headers, details = [], ...said } = error;
  return Response.json({ ...said, status, contextId, details, errors: [] }, { status, headers: { ...headers } });
}

const knownStatuses: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: ['bad.request', 'The request could not be understood by the server due to malformed syntax.'],
  401: ['bad.credentials', 'Invalid login credentials.'],
  403: ['not.authorized', 'You are not authorized to perform the requested action.'],
  404: ['not.found', 'The requested resource was not found.'],
  405: ['method.not.allowed', 'The method is not allowed for this resource.'],
  408: ['client.timeout', 'The client stopped sending the request before it was complete.'],
  409: ['request.conflict', 'The request conflicts with the current state of the resource.'],
  413: ['request.entity.too.large', 'The request is over the size limit.'],
  415: ['unsupported.media.type', 'The Content-Type is not supported; send application/json.'],
  429: ['too.many.requests', 'Rate limit exceeded the maximum.'],
  500: ['internal.server.error', 'The server encountered an unexpected condition.'],
  502: ['bad.gateway', 'An upstream service gave an invalid answer.'],
  503: ['service.unavailable', 'The service is temporarily unavailable.'],
  504: ['request.timeout', 'The request timed out.'],
};

/** The usual error for a status. */
export function apiErrorFor(status: number): ApiError {
  const [code, message] = knownStatuses[status] ??
    knownStatuses[status < 500 ? 400 : 500] ?? ['unknown', 'Unknown error.'];
  return { status, code, message };
}

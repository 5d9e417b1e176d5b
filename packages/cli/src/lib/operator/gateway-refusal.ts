import type { Fault } from 'guestpass';

/** The gateway answered with a problem (RFC 9457), or with something that is none of its answers. */
export class GatewayRefusal extends Error {
  override readonly name = 'GatewayRefusal';
  readonly status: number;
  /** Such as `not_found`; `unexpected_answer` when it was no problem. */
  readonly code: string;
  /** True when the same may be asked again later. */
  readonly retryable: boolean;
  readonly faults: readonly Fault[];
  readonly requestId: string | undefined;

  constructor(status: number, body: unknown) {
    const problem = problemOf(body);
    super(problem.detail);
    this.status = status;
    this.code = problem.code;
    this.retryable = problem.retryable;
    this.faults = problem.faults;
    this.requestId = problem.requestId;
  }
}

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly retryable: boolean;
  readonly faults: readonly Fault[];
  readonly requestId: string | undefined;
}

function problemOf(body: unknown): Problem {
  const { code, detail, retryable, errors, requestId } = recordOf(body);
  if (typeof code !== 'string') {
    const detail = 'This is no answer of a gateway.';
    return { code: 'unexpected_answer', detail, retryable: false, faults: [], requestId: undefined };
  }
  return {
    code,
    detail: typeof detail === 'string' ? detail : code,
    retryable: retryable === true,
    faults: Array.isArray(errors) ? errors.map(faultOf) : [],
    requestId: typeof requestId === 'string' ? requestId : undefined,
  };
}

function faultOf(value: unknown): Fault {
  const { pointer, detail } = recordOf(value);
  return { pointer: String(pointer ?? ''), detail: String(detail ?? '') };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  // A cast, because an object has such keys, whatever they are.
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

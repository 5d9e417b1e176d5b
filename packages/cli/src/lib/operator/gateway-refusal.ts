import type { Fault } from 'guestpass';

/** The gateway answered with a problem (RFC 9457), or with something that is none of its answers. */
export class GatewayRefusal extends Error {
  override readonly name = 'GatewayRefusal';
  readonly status: number;
  /** Such as `not_found`; `unexpected_answer` when it was no problem. */
  readonly code: string;
  readonly faults: readonly Fault[];
  readonly requestId: string | undefined;

  constructor(status: number, body: unknown) {
    const problem = problemOf(body);
    super(problem.detail);
    this.status = status;
    this.code = problem.code;
    this.faults = problem.faults;
    this.requestId = problem.requestId;
  }
}

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly faults: readonly Fault[];
  readonly requestId: string | undefined;
}

function problemOf(body: unknown): Problem {
  const { code, detail, errors, requestId } = recordOf(body);
  if (typeof code !== 'string') {
    return { code: 'unexpected_answer', detail: 'This is no answer of a gateway.', faults: [], requestId: undefined };
  }
  return {
    code,
    detail: typeof detail === 'string' ? detail : code,
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

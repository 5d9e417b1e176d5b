import type { Fault } from 'guestpass';
import type * as z from 'zod';
import { readJsonBody } from '../../http/body.ts';
import { type Refusal, refusalOf } from '../../http/refusal.ts';
import type { Operation } from '../../openapi/operation.ts';
import { type Operator, type OperatorRole, rolesThatMay } from '../../settings/operator-roles.ts';
import { parseWith, pointerTo } from '../../settings/schema-faults.ts';

/** A request as it came in. */
export interface Asked {
  readonly request: Request;
  /** Parameters of the path. */
  readonly params: Readonly<Record<string, string>>;
  readonly requestId: string;
  /** The caller's address. */
  readonly address: string;
  /** Who asks. */
  readonly operator: Operator;
  /** Cuts the connection, so that a body that breaks off cannot pass for a whole one. Absent without a connection. */
  readonly cut?: () => void;
  /** Whether the session or token of before is still good; for an answer that goes on for long. */
  readonly isStillIn: () => boolean;
}

/** A request whose parts have the shapes that its operation names. */
export interface Call<Params, Query, Body>
  extends Pick<Asked, 'requestId' | 'address' | 'operator' | 'cut' | 'isStillIn'> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly headers: Headers;
}

/** What the journal of operators needs to know of a call. */
export type Caller = Pick<Asked, 'requestId' | 'address' | 'operator'>;

/** Who asked under which request id; nobody who was not let in has a name. */
export interface Asker {
  readonly requestId: string;
  readonly operator: Operator | undefined;
}

export type Answer = Response | Refusal;

/** An operation with what answers it. */
export interface OperatorRoute {
  readonly operation: Operation;
  /** Rejects with what the stores reject with. */
  answer(asked: Asked): Promise<Answer>;
}

type Handler<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> = (
  call: Call<z.infer<Params>, z.infer<Query>, z.infer<Body>>,
) => Answer | Promise<Answer>;

/** Parses path, query and body by the schemas that the API is described with; the handler sees only what fits. */
export function route<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType>(
  operation: Operation<Params, Query, Body>,
  handle: Handler<Params, Query, Body>,
): OperatorRoute {
  return {
    operation,
    async answer({ request, params, ...rest }) {
      const place = partOf(operation.params, params);
      if (!place.ok) return notFound;
      const query = readQuery(request.url, operation.query);
      if (!query.ok) return invalid(query.faults);
      const body = operation.body ? await readBody(request, operation.body) : undefined;
      if (body && !body.ok) return body.refusal;
      return await handle({
        ...rest,
        params: place.value,
        query: query.value,
        // A cast, because an operation without a body promises none to its handler.
        body: body?.value as z.infer<Body>,
        headers: request.headers,
      });
    },
  };
}

/** The refusal of an operator who has no role that may do this. */
export function roleRefusal(needed: OperatorRole): Refusal {
  return { code: 'role_insufficient', detail: `It takes the role ${rolesThatMay(needed).join(' or ')}.` };
}

/** The refusal of a path that names nothing there is. */
export const notFound: Refusal = { code: 'not_found', detail: 'There is nothing with this address.' };

export function invalid(faults: readonly Fault[]): Refusal {
  return { code: 'request_invalid', detail: 'The request has faults.', faults };
}

function faultOf(name: string, detail: string): Fault {
  return { pointer: pointerTo([name]), detail };
}

function partOf<Schema extends z.ZodType>(schema: Schema | undefined, input: Readonly<Record<string, unknown>>) {
  if (schema) return parseWith(schema, input);
  const faults = Object.keys(input).map((key) => faultOf(key, 'is not a known field'));
  if (faults.length > 0) return { ok: false as const, faults };
  // A cast, because an operation without this part promises none to its handler.
  return { ok: true as const, value: undefined as z.infer<Schema> };
}

function readQuery<Schema extends z.ZodType>(url: string, schema: Schema | undefined) {
  const { searchParams } = new URL(url);
  const names = [...new Set(searchParams.keys())];
  const read = partOf(schema, Object.fromEntries(names.map((name) => [name, searchParams.getAll(name).join()])));
  const repeated = names.filter((name) => searchParams.getAll(name).length > 1);
  if (repeated.length === 0) return read;
  const faults = repeated.map((name) => faultOf(name, 'must be given once'));
  const pointers = new Set(faults.map(({ pointer }) => pointer));
  return {
    ok: false as const,
    faults: [...faults, ...(read.ok ? [] : read.faults.filter(({ pointer }) => !pointers.has(pointer)))],
  };
}

type ReadBody<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly refusal: Refusal };

async function readBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
): Promise<ReadBody<z.infer<Schema>>> {
  // Whoever has nothing to say need not say `{}`.
  const read = isEmpty(request.headers) ? { ok: true as const, value: {} } : await readJsonBody(request);
  if (!read.ok) return { ok: false, refusal: refusalOf(read.error) };
  const parsed = parseWith(schema, read.value);
  return parsed.ok ? parsed : { ok: false, refusal: invalid(parsed.faults) };
}

function isEmpty(headers: Headers): boolean {
  if (headers.has('content-type') || headers.has('transfer-encoding')) return false;
  return (headers.get('content-length') ?? '0') === '0';
}

import type * as z from 'zod';
import type { ProblemCode } from '../http/problem-table.ts';
import type { OperatorRole } from '../settings/operator-roles.ts';

/** What is known of one answer. */
export interface OperationAnswer {
  readonly description: string;
  /** Absent for an empty body. */
  readonly schema?: z.ZodType;
  /** Default `application/json`. Several when the caller chooses. */
  readonly mediaType?: string | readonly string[];
  /** What each header of this answer's own says, by name. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One thing that can be asked of the gateway: read by the router, and by the description of the API. */
export interface Operation<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
> {
  readonly id: string;
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** With parameters in braces. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Default `operator`. */
  readonly listener?: 'public' | 'operator';
  /** Who may ask: every operator with this role, or with one that includes it; `anybody` when no token is asked for. */
  readonly role: OperatorRole | 'anybody';
  /** True when a session will not do in place of the token. */
  readonly tokenOnly?: boolean;
  /** Parameters in the path. One that has not this shape names nothing there is. */
  readonly params?: Params;
  readonly query?: Query;
  /** Headers that are looked at. */
  readonly headers?: z.ZodObject;
  readonly body?: Body;
  readonly answers: Readonly<Record<number, OperationAnswer>>;
  /** Codes of the refusals that are its own; those that any operation may answer with are added. */
  readonly problems?: readonly ProblemCode[];
}

/** Keeps the types of the schemas, for the handler. */
export function operation<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType>(
  described: Operation<Params, Query, Body>,
): Operation<Params, Query, Body> {
  return described;
}

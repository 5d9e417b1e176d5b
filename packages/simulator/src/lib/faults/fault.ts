import * as z from 'zod';
import type { Operation } from '../asked.ts';

/** 64 MiB: a huge body stands in memory. */
const longestBody = 67_108_864;

/** These frame the message; `truncate` is the way to lie about the length. */
const framing = new Set(['content-length', 'transfer-encoding']);

const headerValue = z.union([z.string(), z.array(z.string()).min(1)]);

const headers = z
  .record(z.string(), headerValue)
  .refine((lines) => Object.entries(lines).every(isSendable), 'has a name or a value that HTTP cannot carry')
  .refine(
    (lines) => Object.keys(lines).every((name) => !framing.has(name.toLowerCase())),
    'must not frame the message',
  );

const body = z.union([
  z.enum(['html', 'empty', 'garbage', 'wrong-json']),
  z.strictObject({ bytes: z.int().min(1).max(longestBody) }),
  z.strictObject({ text: z.string() }),
  z.strictObject({ json: z.json() }),
  z.strictObject({ merge: z.record(z.string(), z.json()) }),
]);

/** The requests over HTTP a fault can be for. */
const requests = [
  'token',
  'guest',
  'captcha',
  'idp',
  'socket',
  'history',
  'config',
  'attachment',
  'exchange',
  'refresh',
  'revoke',
] as const;

/** What a fault can happen to: a request over HTTP, a frame that comes in (`action`), or one that goes out (`frame`). */
export type Occasion = Operation | 'action' | 'frame';

/** How a fault is written, as an argument and as JSON. */
const faultSchema = z
  .strictObject({
    operation: z.enum([...requests, 'action', 'frame', 'any']).default('any'),
    times: z.union([z.int().min(1), z.literal('always')]).default(1),
    after: z.int().min(0).default(0),
    probability: z.number().gt(0).max(1).default(1),
    status: z.int().min(200).max(599).optional(),
    body: body.optional(),
    headers: headers.optional(),
    delayMs: z.number().min(0).max(86_400_000).optional(),
    reset: z.enum(['before', 'after']).optional(),
    truncate: z.literal(true).optional(),
    stall: z.literal(true).optional(),
    code: z.int().min(300).max(4999).optional(),
    retryAfterSeconds: z.int().min(0).max(86_400).optional(),
    expire: z.literal(true).optional(),
    duplicate: z.literal(true).optional(),
    reorder: z.literal(true).optional(),
    executes: z.boolean().optional(),
  })
  .refine(
    hasEffect,
    'must do something: status, body, headers, delayMs, reset, truncate or stall; on sockets code, expire, duplicate or reorder',
  )
  .refine(hasOneEnding, 'must not both answer and end without an answer: reset and stall stand without the rest')
  .refine(fitsOperation, 'must have the effects of its operation alone')
  .refine(({ reset, executes }) => !reset || executes === undefined, {
    path: ['executes'],
    error: 'is told by reset: before or after',
  });

/** A fault as it is scripted. */
export interface SimulatorFault {
  /**
   * The requests it is for: `captcha` is every provider's siteverify, `idp` the webhooks of the identity provider,
   * `socket` the opening of a socket, `any` every request over HTTP but those to the control plane. On sockets, `action`
   * is a frame of a guest, and `frame` one for a guest. Default `any`.
   */
  readonly operation?: (typeof requests)[number] | 'action' | 'frame' | 'any';
  /** How many requests it spoils before it is spent. Default 1. */
  readonly times?: number | 'always';
  /** Requests of the operation let through first, counted from when the fault was added. Default 0. */
  readonly after?: number;
  /** Chance that a request it is for is spoiled, above 0, at most 1; drawn from the seed. Default 1. */
  readonly probability?: number;
  /** 200 to 599. From 300 on the request is not executed, and from 400 on the body is an error of the platform. */
  readonly status?: number;
  /** Replaces the body. `merge` overrides fields of the true answer's JSON, `bytes` is a body of that length. */
  readonly body?: FaultBody;
  /** Header fields, over those of the same name; a list becomes several field lines. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Holds the answer back on the simulator's clock. What is executed was executed when the request came. */
  readonly delayMs?: number;
  /** Resets the connection instead of an answer: `before` executing the request, or `after`. */
  readonly reset?: 'before' | 'after';
  /** Declares the whole length, sends half and closes the connection. */
  readonly truncate?: true;
  /** Never answers; a frame for a guest is lost. */
  readonly stall?: true;
  /** Of `action`: refuses with this code, 300 to 4999; 429 and 4029 as `TooManyRequestsErrorMessage`. */
  readonly code?: number;
  /** What a code of 429 or 4029 tells. Default 3. */
  readonly retryAfterSeconds?: number;
  /** Of `action`: the session's lifetime ends just before. */
  readonly expire?: true;
  /** Of `frame`: sends it twice. */
  readonly duplicate?: true;
  /** Of `frame`: sends it after the next one, or after a second when none comes. */
  readonly reorder?: true;
  /** Whether the request takes effect all the same. Default: not with a `status` from 300 on, a `code` or a `stall`. */
  readonly executes?: boolean;
}

export type FaultBody =
  | 'html'
  | 'empty'
  | 'garbage'
  | 'wrong-json'
  | { readonly bytes: number }
  | { readonly text: string }
  | { readonly json: unknown }
  | { readonly merge: Readonly<Record<string, unknown>> };

/** A fault with its defaults filled in. */
export type ParsedFault = z.infer<typeof faultSchema>;

export type FaultParse =
  | { readonly ok: true; readonly fault: ParsedFault }
  | { readonly ok: false; readonly problems: readonly { readonly path: string; readonly detail: string }[] };

/** Parses a fault, or tells every problem. Never throws. */
export function parseFault(input: unknown): FaultParse {
  const parsed = faultSchema.safeParse(input);
  if (parsed.success) return { ok: true, fault: parsed.data };
  const problems = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), detail: message }));
  return { ok: false, problems };
}

/** Whether a fault is for this request or frame. */
export function isFor({ operation }: ParsedFault, occasion: Occasion): boolean {
  if (operation === 'any') return occasion !== 'action' && occasion !== 'frame';
  return operation === occasion;
}

/** Whether a request that meets this fault takes effect. */
export function executes(fault: ParsedFault): boolean {
  if (fault.reset) return fault.reset === 'after';
  return fault.executes ?? (!fault.stall && (fault.code ?? fault.status ?? 200) < 300);
}

const overHttp = ['status', 'body', 'headers', 'delayMs', 'reset', 'truncate', 'stall'] as const;

const effectsOf = {
  action: ['code', 'retryAfterSeconds', 'expire', 'delayMs', 'reset', 'stall'],
  frame: ['duplicate', 'reorder', 'delayMs', 'reset', 'stall'],
} as const;

const answering = ['status', 'body', 'headers', 'truncate', 'code', 'expire', 'duplicate', 'reorder'] as const;
const effects = [...overHttp, ...effectsOf.action, ...effectsOf.frame] as const;

type Effects = { readonly [Name in (typeof effects)[number]]?: unknown };

function hasEffect(fault: Effects): boolean {
  return effects.some((effect) => effect !== 'retryAfterSeconds' && fault[effect] !== undefined);
}

function hasOneEnding(fault: Effects): boolean {
  const answers = answering.some((effect) => fault[effect] !== undefined);
  return [answers, fault.reset !== undefined, fault.stall !== undefined].filter(Boolean).length <= 1;
}

function fitsOperation(fault: Effects & { readonly operation: string }): boolean {
  const { operation } = fault;
  const fitting: readonly string[] = operation === 'action' || operation === 'frame' ? effectsOf[operation] : overHttp;
  return effects.every((effect) => fault[effect] === undefined || fitting.includes(effect));
}

function isSendable([name, value]: readonly [string, string | readonly string[]]): boolean {
  try {
    const lines = new Headers();
    for (const line of [value].flat()) lines.append(name, line);
    return true;
  } catch {
    return false;
  }
}

import * as z from 'zod';

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

/** How a fault is written, as an argument and as JSON. */
const faultSchema = z
  .strictObject({
    operation: z.enum(['token', 'guest', 'captcha', 'idp', 'any']).default('any'),
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
    executes: z.boolean().optional(),
  })
  .refine(hasEffect, 'must do something: status, body, headers, delayMs, reset, truncate or stall')
  .refine(hasOneEnding, 'must not both answer and end without an answer: reset and stall stand without the rest')
  .refine(({ reset, executes }) => !reset || executes === undefined, {
    path: ['executes'],
    error: 'is told by reset: before or after',
  });

/** A fault as it is scripted. */
export interface SimulatorFault {
  /**
   * The requests it is for; `captcha` is every provider's siteverify, `idp` the webhooks of the identity provider, `any`
   * everything but the control plane. Default `any`.
   */
  readonly operation?: 'token' | 'guest' | 'captcha' | 'idp' | 'any';
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
  /** Never answers. */
  readonly stall?: true;
  /** Whether the request takes effect all the same. Default: only where no `status` from 300 on and no `stall` stands. */
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

/** Whether a request that meets this fault takes effect. */
export function executes(fault: ParsedFault): boolean {
  if (fault.reset) return fault.reset === 'after';
  return fault.executes ?? (!fault.stall && (fault.status ?? 200) < 300);
}

type Effect = 'status' | 'body' | 'headers' | 'delayMs' | 'reset' | 'truncate' | 'stall';
type Effects = { readonly [Name in Effect]?: unknown };

function hasEffect({ status, body, headers, delayMs, reset, truncate, stall }: Effects): boolean {
  return [status, body, headers, delayMs, reset, truncate, stall].some((effect) => effect !== undefined);
}

function hasOneEnding({ status, body, headers, reset, truncate, stall }: Effects): boolean {
  const answers = [status, body, headers, truncate].some((effect) => effect !== undefined);
  return [answers, reset !== undefined, stall !== undefined].filter(Boolean).length <= 1;
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

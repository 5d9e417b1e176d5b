import * as z from 'zod';
import { isNestedDeeper } from '../nesting.ts';
import { refusal, type ServerFrame } from './server-frame.ts';

const longestToken = 2048;
/** What a guest says is kept and written again; nothing of the protocol is nested half as deep. */
const mostLevels = 32;

const envelope = z.looseObject({
  action: z.string(),
  token: z.string().min(1).max(longestToken),
  tracingId: z.string().optional(),
});

/** What a guest wrote on a socket; the fields of its action stand beside these. */
export type ClientFrame = z.infer<typeof envelope>;

export type FrameParse =
  | { readonly ok: true; readonly frame: ClientFrame }
  | { readonly ok: false; readonly refusal: ServerFrame; readonly tracingId: string | undefined };

/** Parses the text of a frame, `undefined` for a binary one. Never throws. */
export function parseClientFrame(text: string | undefined): FrameParse {
  const json = text === undefined ? undefined : parseJson(text);
  if (typeof json !== 'object' || json === null) {
    return { ok: false, refusal: refusal(400, 'The request is not a JSON object.'), tracingId: undefined };
  }
  if (isNestedDeeper(json, mostLevels)) {
    return { ok: false, refusal: refusal(400, 'The request is nested too deep.'), tracingId: tracingIdOf(json) };
  }
  const fields = readFields(envelope, json);
  if (fields.ok) return { ok: true, frame: fields.value };
  return { ok: false, refusal: fields.refusal, tracingId: tracingIdOf(json) };
}

function tracingIdOf(json: object): string | undefined {
  return 'tracingId' in json && typeof json.tracingId === 'string' ? json.tracingId : undefined;
}

export type Fields<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: ServerFrame };

/** Reads the fields of an action. What is missing is code 4020, what is wrong 400. */
export function readFields<Value>(schema: z.ZodType<Value>, input: unknown): Fields<Value> {
  const parsed = schema.safeParse(input, { error: ({ input: given }) => (given === undefined ? missing : wrong) });
  if (parsed.success) return { ok: true, value: parsed.data };
  const { issues } = parsed.error;
  const absent = issues.filter(({ message }) => message === missing);
  const named = absent.length > 0 ? absent : issues;
  const names = named.map(({ path }) => path.join('.')).join(', ');
  if (absent.length > 0) return { ok: false, refusal: refusal(4020, `Missing parameter: ${names}.`) };
  return { ok: false, refusal: refusal(400, `Not valid: ${names}.`) };
}

const missing = 'missing';
const wrong = 'wrong';

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

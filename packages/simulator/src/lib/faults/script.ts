import { apiErrorFor, apiErrorResponse } from '../api-error.ts';
import type { Operation } from '../asked.ts';
import { oauthErrorFor, oauthErrorResponse } from '../oauth/oauth-error.ts';
import type { ParsedFault } from './fault.ts';
import type { ScriptedAnswer } from './wire.ts';

/** The request a fault spoils. */
export interface Spoiled {
  readonly operation: Operation;
  readonly correlationId: string;
}

interface Content {
  readonly type: string | undefined;
  readonly bytes: Uint8Array;
}

const html = '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>';
const garbage = new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28, 0x22, 0x3a, 0x0a, 0x5d]);

/** Where a fault starts from: the true answer when there is one and no error shall stand for it. */
export function baseAnswer(fault: ParsedFault, spoiled: Spoiled, executed: Response | undefined): Response {
  const status = fault.status ?? 200;
  if (status < 400) return executed ?? new Response(null, { status });
  if (spoiled.operation === 'token') return oauthErrorResponse(oauthErrorFor(status));
  if (spoiled.operation === 'captcha') {
    return Response.json({ success: false, 'error-codes': ['internal-error'] }, { status });
  }
  if (spoiled.operation === 'idp') return Response.json({ error: 'The identity provider failed.' }, { status });
  return apiErrorResponse(apiErrorFor(status), spoiled.correlationId);
}

/** What a fault says about the answer. */
export type AnswerScript = Pick<ParsedFault, 'status' | 'body' | 'headers' | 'truncate'>;

/** Turns the answer a fault starts from into the answer it wants. */
export async function scriptAnswer(fault: AnswerScript, base: Response): Promise<ScriptedAnswer> {
  const content = contentOf(fault.body, {
    type: base.headers.get('content-type') ?? undefined,
    bytes: new Uint8Array(await base.arrayBuffer()),
  });
  const length = content.bytes.byteLength;
  return {
    status: fault.status ?? base.status,
    headers: headerLines(base.headers, content, fault.headers ?? {}),
    body: fault.truncate ? content.bytes.subarray(0, Math.floor(length / 2)) : content.bytes,
    declaredLength: fault.truncate ? Math.max(length, 1) : length,
  };
}

function contentOf(body: ParsedFault['body'], base: Content): Content {
  if (body === undefined) return base;
  if (body === 'empty') return { type: base.type, bytes: new Uint8Array() };
  if (body === 'html') return { type: 'text/html; charset=utf-8', bytes: Buffer.from(html) };
  if (body === 'garbage') return { type: 'application/json', bytes: garbage };
  if (body === 'wrong-json') return json({ ok: true, result: ['this', 'is', 'something else'] });
  if ('bytes' in body) return { type: 'application/json', bytes: Buffer.alloc(body.bytes, 'a') };
  if ('text' in body) return { type: 'application/json', bytes: Buffer.from(body.text) };
  if ('json' in body) return json(body.json);
  return json({ ...parseObject(base.bytes), ...body.merge });
}

function json(value: unknown): Content {
  return { type: 'application/json', bytes: Buffer.from(JSON.stringify(value)) };
}

function parseObject(bytes: Uint8Array): object {
  if (bytes.byteLength === 0) return {};
  const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  return typeof value === 'object' && value !== null ? value : {};
}

function headerLines(
  base: Headers,
  { type }: Content,
  scripted: NonNullable<ParsedFault['headers']>,
): [name: string, value: string][] {
  const fields = new Map([...base].map(([name, value]) => [name, [value]]));
  fields.delete('content-length');
  if (type !== undefined) fields.set('content-type', [type]);
  for (const [name, value] of Object.entries(scripted)) fields.set(name.toLowerCase(), [value].flat());
  return [...fields].flatMap(([name, values]) => values.map((value): [string, string] => [name, value]));
}

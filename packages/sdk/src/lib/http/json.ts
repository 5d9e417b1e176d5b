import { isUtf8 } from 'node:buffer';
import type { HttpResponse } from './exchange.ts';

/** Why an answer could not be read as JSON: it is declared as something else, is not UTF-8, or does not parse. */
export type JsonFault = 'not_json' | 'bad_utf8' | 'bad_json';

/** Says what was wrong, and nothing of what the answer held. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
  readonly fault: JsonFault;

  constructor(fault: JsonFault) {
    super(meanings[fault]);
    this.fault = fault;
  }
}

const meanings: Readonly<Record<JsonFault, string>> = {
  not_json: 'The answer is not declared as JSON.',
  bad_utf8: 'The answer is not UTF-8.',
  bad_json: 'The answer is not well-formed JSON.',
};

/** RFC 8259 section 11 and the `+json` suffix of RFC 6839. */
const jsonType = /^application\/(?:[a-z0-9!#$&^_.-]{1,64}\+)?json[ \t]*(?:;|$)/i;

/**
 * The JSON in an answer, as yet unchecked. A byte order mark is passed over (RFC 8259 section 8.1). A key `__proto__`
 * is an ordinary own property of the result and touches no prototype.
 *
 * @throws JsonError
 */
export function readJson({ headers, body }: HttpResponse): unknown {
  if (!jsonType.test(headers['content-type'] ?? '')) throw new JsonError('not_json');
  if (!isUtf8(body)) throw new JsonError('bad_utf8');
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
  try {
    return JSON.parse(text.charCodeAt(0) === byteOrderMark ? text.slice(1) : text);
  } catch {
    // The parser's own error quotes the text.
    throw new JsonError('bad_json');
  }
}

const byteOrderMark = 0xfeff;

import type { HttpResponse } from '../http/exchange.ts';

/** The JSON in an answer, whatever it is declared as, or `undefined`. Made of what Node and browsers both offer. */
export function readAnswer({ body }: HttpResponse): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    // The parser's own error quotes the text.
    return undefined;
  }
}

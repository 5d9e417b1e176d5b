const longestSummary = 65_536;
const removed = '[removed]';
const secretName = /secret|token|password|authorization|assertion|^response$|^code$|verifier/i;
const formFieldsShown = new Set(['grant_type', 'scope']);

/** What a request's body said, without anything that could be used: no secret, token or captcha answer. */
export function summarizeBody(contentType: string | null, body: Uint8Array): unknown {
  if (body.byteLength === 0) return undefined;
  const opaque = { bytes: body.byteLength };
  if (body.byteLength > longestSummary) return opaque;
  const text = new TextDecoder().decode(body);
  if (/^application\/x-www-form-urlencoded/i.test(contentType ?? '')) return summarizeForm(text);
  return summarizeJson(text) ?? opaque;
}

function summarizeForm(text: string): Record<string, string> {
  const fields = [...new URLSearchParams(text)];
  return Object.fromEntries(fields.map(([name, value]) => [name, formFieldsShown.has(name) ? value : removed]));
}

function summarizeJson(text: string): unknown {
  try {
    return JSON.parse(text, (key, value) => (secretName.test(key) ? removed : value));
  } catch {
    return undefined;
  }
}

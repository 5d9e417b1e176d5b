/** Why a text is refused before it is parsed. */
export type ScanFault = 'too_deep' | 'duplicate_key' | 'forbidden_key';

interface Level {
  /** Keys seen so far in an object; `null` in an array. */
  readonly keys: Set<string> | null;
  /** The key this value stands under. */
  readonly under: string | undefined;
}

/**
 * Looks through JSON for what `JSON.parse` lets pass: nesting beyond `maxDepth`, a key given twice in one object, and
 * keys that could reach a prototype (`__proto__`, and `prototype` inside `constructor`), escaped or not. One pass, no
 * recursion, so that the deepest text costs no more than its length. What is no JSON at all is left to `JSON.parse`.
 */
export function scanJson(text: string, maxDepth: number): ScanFault | undefined {
  const levels: Level[] = [];
  let expectsKey = false;
  let key: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote: {
        const end = endOfString(text, at + 1);
        const level = levels.at(-1);
        if (expectsKey && level?.keys) {
          key = unescaped(text.slice(at + 1, end));
          const fault = keyFault(key, level, level.keys);
          if (fault) return fault;
          expectsKey = false;
        }
        at = end;
        break;
      }
      case openBrace:
      case openBracket: {
        if (levels.length === maxDepth) return 'too_deep';
        const isObject = text.charCodeAt(at) === openBrace;
        levels.push({ keys: isObject ? new Set() : null, under: key });
        key = undefined;
        expectsKey = isObject;
        break;
      }
      case closeBrace:
      case closeBracket:
        levels.pop();
        key = undefined;
        expectsKey = false;
        break;
      case comma:
        key = undefined;
        expectsKey = levels.at(-1)?.keys != null;
        break;
    }
  }
  return undefined;
}

const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Where the string that begins at `from` is closed, or the end of the text. */
function endOfString(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === quote) return at;
    if (unit === backslash) at += 1;
  }
  return text.length;
}

function unescaped(raw: string): string {
  if (!raw.includes('\\')) return raw;
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    // No JSON; whoever parses the whole text says so.
    return raw;
  }
}

function keyFault(key: string, { under }: Level, keys: Set<string>): ScanFault | undefined {
  if (key === '__proto__' || (key === 'prototype' && under === 'constructor')) return 'forbidden_key';
  if (keys.has(key)) return 'duplicate_key';
  keys.add(key);
  return undefined;
}

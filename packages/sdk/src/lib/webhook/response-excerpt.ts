const longestExcerptBytes = 2_048;

/**
 * The beginning of an answer, fit to be stored and shown: at most 2,048 bytes of UTF-8, with broken sequences replaced
 * and control characters, line breaks and invisible ones escaped. `undefined` when it is empty or looks binary.
 */
export function excerptOf(body: Uint8Array): string | undefined {
  const start = body.subarray(0, longestExcerptBytes);
  // Streaming leaves out a sequence that is cut off at the end, instead of breaking it.
  const text = new TextDecoder().decode(start, { stream: true });
  if (text === '' || looksBinary(text)) return undefined;
  let excerpt = '';
  let size = 0;
  for (const character of text) {
    const shown = unshowable.test(character) ? escaped(character) : character;
    size += Buffer.byteLength(shown);
    if (size > longestExcerptBytes) break;
    excerpt += shown;
  }
  return excerpt;
}

/** A NUL, or more than a tenth of broken sequences and control characters that no text has. */
function looksBinary(text: string): boolean {
  if (text.includes('\0')) return true;
  const odd = text.match(/[\ufffd\p{Cc}]/gu)?.filter((character) => !'\t\n\r'.includes(character)) ?? [];
  return odd.length > text.length / 10;
}

const unshowable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/u;

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

/** What the text of a setting means, or one sentence on what is wrong with it. */
export type Read<T> = { readonly value: T } | { readonly fault: string };

/** A whole number in decimal digits, within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => Read<number> {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? { value } : { fault: `must be a whole number from ${min} to ${max}` };
  };
}

/** A decimal number from 0 to 1. */
export function share(text: string): Read<number> {
  return /^(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)$/.test(text)
    ? { value: Number(text) }
    : { fault: 'must be a number from 0 to 1, such as 0.5' };
}

/** One word out of a few. */
export function oneOf<const T extends string>(...words: readonly T[]): (text: string) => Read<T> {
  return (text) => {
    const value = words.find((word) => word === text);
    return value === undefined ? { fault: `must be ${words.join(' or ')}` } : { value };
  };
}

/** Text of one line, as it is. */
export function line(max: number): (text: string) => Read<string> {
  return (text) => {
    if (text === '') return { fault: 'must not be empty' };
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) return { fault: 'must not contain control characters or line breaks' };
    return text.length > max ? { fault: `must have at most ${max} characters` } : { value: text };
  };
}

/** Lines separated by commas; white space around each is dropped. */
export function list(text: string): Read<readonly string[]> {
  const entries = text.split(',').map((entry) => entry.trim());
  const faulty = entries.map(line(256)).find((entry) => 'fault' in entry);
  return faulty ? { fault: `must be a list separated by commas, of which each ${faulty.fault}` } : { value: entries };
}

/** An absolute path of a URL. */
export function urlPath(text: string): Read<string> {
  const plain = /^\/(?!\/)[\w.~!$&'()*+,;=:@%/-]*$/.test(text);
  return plain && URL.parse(`https://host.invalid${text}`)?.pathname === text
    ? { value: text }
    : { fault: 'must be a URL path that begins with one slash and has no query or fragment' };
}

/** OAuth scopes separated by single spaces (RFC 6749 section 3.3); empty asks for none. */
export function scope(text: string): Read<string> {
  return /^(?:[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*)?$/.test(text)
    ? { value: text }
    : { fault: 'must be OAuth scopes separated by single spaces' };
}

/** An origin: scheme and host, with a port where it is not the usual one (RFC 6454). */
export function origin(text: string): Read<string> {
  return /^https?:/.test(text) && URL.parse(text)?.origin === text
    ? { value: text }
    : { fault: 'must be an origin, such as https://shop.example' };
}

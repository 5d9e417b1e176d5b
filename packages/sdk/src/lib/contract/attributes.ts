const limits = { keys: 32, bytes: 8192, depth: 4 } as const;
const keyShape = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype']);

interface AttributesProblem {
  readonly path: string[];
  readonly detail: string;
}

/** Attributes of our own, or the first thing wrong with what was to become them. */
export type ParsedAttributes<T> =
  | { readonly ok: true; readonly attributes: T }
  | { readonly ok: false; readonly problem: AttributesProblem };

/**
 * Parses guest attributes: JSON values under at most 32 names, at most 4 levels deep, and at most 8 KiB of UTF-8 when
 * written as JSON. They are copied, because the caller's object may change before it is sent.
 */
export function parseAttributes<T>(value: T): ParsedAttributes<T> {
  if (!isPlainObject(value)) return { ok: false, problem: { path: [], detail: 'must be an object' } };
  const wrong = namesProblem(value) ?? valueProblem(value, [], 0);
  if (wrong) return { ok: false, problem: wrong };
  const attributes = copyOf(value);
  const problem = sizeProblem(attributes);
  return problem ? { ok: false, problem } : { ok: true, attributes };
}

function namesProblem(value: object): AttributesProblem | undefined {
  const keys = Object.keys(value);
  if (keys.length > limits.keys) return { path: [], detail: `must have at most ${limits.keys} attributes` };
  for (const key of keys) {
    if (!keyShape.test(key)) {
      return {
        path: [key],
        detail: 'must be named with a letter, then up to 63 letters, digits, dots, dashes or underscores',
      };
    }
  }
  return undefined;
}

/** Nested no deeper than was allowed; a copy has the type of its original. */
function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Array.from(value, copyOf) as T;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) copy[key] = copyOf(value[key as keyof T]);
  return copy as T;
}

function valueProblem(value: unknown, path: string[], depth: number): AttributesProblem | undefined {
  switch (typeof value) {
    case 'string':
      return textProblem(value, path);
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER
        ? undefined
        : { path, detail: 'must be a finite number within ±2^53' };
    case 'object':
      if (value === null) return undefined;
      if (depth >= limits.depth) return { path, detail: `must not be nested deeper than ${limits.depth} levels` };
      if (Array.isArray(value)) return arrayProblem(value, path, depth);
      return isPlainObject(value) ? objectProblem(value, path, depth) : { path, detail: 'must be a JSON value' };
    default:
      return { path, detail: 'must be a JSON value' };
  }
}

function arrayProblem(items: readonly unknown[], path: string[], depth: number): AttributesProblem | undefined {
  for (let i = 0; i < items.length; i += 1) {
    const problem = valueProblem(items[i], [...path, String(i)], depth + 1);
    if (problem) return problem;
  }
  return undefined;
}

function objectProblem(value: object, path: string[], depth: number): AttributesProblem | undefined {
  for (const [key, item] of Object.entries(value)) {
    const here = [...path, key];
    if (forbiddenKeys.has(key)) return { path: here, detail: 'is a forbidden name' };
    const problem = textProblem(key, here) ?? valueProblem(item, here, depth + 1);
    if (problem) return problem;
  }
  return undefined;
}

/** What nearly every text is made of; the rest is looked at more closely. */
const printable = /^[\x20-\x7e]*$/;

function textProblem(text: string, path: string[]): AttributesProblem | undefined {
  if (printable.test(text)) return undefined;
  if (!text.isWellFormed()) return { path, detail: 'must be well-formed Unicode' };
  return /\p{Cc}/u.test(text) ? { path, detail: 'must not contain control characters' } : undefined;
}

function sizeProblem(value: Readonly<Record<string, unknown>>): AttributesProblem | undefined {
  if (surelySmall(value)) return undefined;
  return Buffer.byteLength(JSON.stringify(value)) > limits.bytes
    ? { path: [], detail: `must not exceed ${limits.bytes} bytes as JSON` }
    : undefined;
}

/** Most attributes are a handful of short texts, far from the limit; writing them as JSON to find out would be waste. */
function surelySmall(value: Readonly<Record<string, unknown>>): boolean {
  let units = 2;
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (typeof item === 'object' && item !== null) return false;
    units += key.length + 8 + (typeof item === 'string' ? item.length : 24);
  }
  // No character takes more than three bytes per UTF-16 code unit, escaped or not.
  return units * 3 <= limits.bytes;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

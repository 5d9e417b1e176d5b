import { platformErrorSchema } from '../contract/platform-error.ts';
import type { Fault } from '../errors.ts';
import type { HttpResponse } from './exchange.ts';
import { parseRetryAfter } from './retry-after.ts';

/** What may be passed on of an error body of the platform. */
export interface PlatformRefusal {
  /** The platform's code in parentheses after a space, such as ` (constraint.validation)`; else empty. */
  readonly named: string;
  /** What was not found, in the platform's words. */
  readonly entityName: string | undefined;
  /** One for each of its details. */
  readonly faults: readonly Fault[];
}

/**
 * Reads an error body. Whatever a platform says may echo what was sent; only what has the shape of a name is passed on.
 * `pointerOf` finds the place of a field in our own input, or nothing for a field that was not sent.
 */
export function readPlatformRefusal(
  body: unknown,
  pointerOf: (field: string) => string | undefined = () => undefined,
): PlatformRefusal {
  const { code, entityName, details = [] } = platformErrorSchema.safeParse(body).data ?? {};
  const known = knownCode(code);
  const faults = details.slice(0, 32).map(({ fieldName, errorCode }) => ({
    pointer: (fieldName !== undefined && pointerOf(fieldName)) || '',
    detail: `The platform says: ${knownCode(errorCode) ?? 'invalid'}.`,
  }));
  return { named: known === undefined ? '' : ` (${known})`, entityName, faults };
}

/** Codes of the platform are words with dots, such as `constraint.validation`. */
const codeShape = /^[a-z][a-z0-9]{0,31}(?:[._][a-z0-9]{1,31}){0,7}$/;

function knownCode(text: string | undefined): string | undefined {
  return text !== undefined && codeShape.test(text) ? text : undefined;
}

/** How long a spent 429 asks to wait, in milliseconds: three seconds when it does not say, an hour at most. */
export function waitOfTooMany({ headers }: Pick<HttpResponse, 'headers'>, nowMs: number): number {
  const { 'retry-after': value, date } = headers;
  const waitMs = parseRetryAfter(value, { nowMs, ...(date !== undefined && { dateHeader: date }) });
  return Math.min(waitMs ?? 3000, longestWaitMs);
}

const longestWaitMs = 3_600_000;

import type { HttpResponse } from '../http/exchange.ts';
import { JsonError, readJson } from '../http/json.ts';

/** The JSON object in an answer, or `undefined` when the answer holds anything else. */
export function readJsonObject(answer: HttpResponse): Readonly<Record<string, unknown>> | undefined {
  let value: unknown;
  try {
    value = readJson(answer);
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  // A JSON object has string keys; its values are still unknown.
  return value as Record<string, unknown>;
}

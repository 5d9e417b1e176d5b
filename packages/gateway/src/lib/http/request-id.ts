import { randomUUID } from 'node:crypto';

/** The caller's id for the request when it can harm no log and no page, else a fresh one. */
export function requestId(given: string | null = null): string {
  return given !== null && /^[A-Za-z0-9._-]{8,128}$/.test(given) ? given : `req_${randomUUID()}`;
}

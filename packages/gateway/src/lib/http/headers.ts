import type { StageTimings } from 'guestpass';

/** Headers of every answer, errors included. A page of our own sets its own Content-Security-Policy instead. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
};

/** Adds those security headers that the answer does not set itself. */
export function addSecurityHeaders(headers: Headers): void {
  for (const [name, value] of Object.entries(securityHeaders)) if (!headers.has(name)) headers.set(name, value);
}

/**
 * Writes the milliseconds of each stage that ran as a `Server-Timing` field (W3C Server Timing), such as
 * `consent;dur=0, guest;dur=168.2`; `undefined` when none ran.
 */
export function serverTiming(stages: StageTimings): string | undefined {
  const metrics = Object.entries(stages).map(([stage, spanMs]) => `${stage};dur=${Math.round(spanMs * 100) / 100}`);
  return metrics.length === 0 ? undefined : metrics.join(', ');
}

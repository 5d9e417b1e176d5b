import type { PlatformHosts } from 'guestpass';

const common = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];

/** The operator console speaks to its own listener, and to nothing else. */
export const consolePolicy = [...common, "connect-src 'self'", "img-src 'self' data:"].join('; ');

/**
 * The guest page speaks to this gateway, and to where guests talk: the messaging host, the API, and the hosts for files.
 * Genesys Cloud has these under one domain; any other platform answers them all on one host.
 */
export function guestPolicy(platform: PlatformHosts): string {
  const connect = ["'self'", ...placesOf(platform)].join(' ');
  return [...common, "worker-src 'self'", "img-src 'self' data: blob:", `connect-src ${connect}`].join('; ');
}

function placesOf({ kind, domain, apiUrl }: PlatformHosts): readonly string[] {
  if (kind === 'genesys' && domain !== undefined) return [`https://*.${domain}`, `wss://*.${domain}`];
  const { origin } = new URL(apiUrl);
  return [origin, origin.replace(/^http/, 'ws')];
}

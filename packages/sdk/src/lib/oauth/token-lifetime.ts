const assumedSeconds = 300;
const longestSeconds = 48 * 3600;

/**
 * How long an access token lives, in milliseconds, whatever the endpoint says in `expires_in` (RFC 6749 section 5.1).
 * What is missing, not a number or below one second counts as 300 seconds; more than 48 hours, the longest life Genesys
 * Cloud gives, counts as 48 hours. Digits in a string are read as a number.
 */
export function tokenLifetimeMs(expiresIn: unknown): number {
  const seconds = typeof expiresIn === 'string' && /^\d{1,15}$/.test(expiresIn) ? Number(expiresIn) : expiresIn;
  const usable = typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 1;
  return (usable ? Math.min(seconds, longestSeconds) : assumedSeconds) * 1000;
}

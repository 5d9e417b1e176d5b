import { GuestpassError } from 'guestpass';

/**
 * Tells trouble with the database itself (gone, full, read only, overloaded) from a statement that is at fault.
 * Returns `storage_unavailable` for the first and the error as it came for the second. The text of a statement and
 * the address of the database never enter the message.
 */
export function storageError(error: unknown): unknown {
  const why = troubleOf(error);
  if (!why) return error;
  const remedy = isRefusedLogin(error) ? { retryable: false, remedy: checkTheUrl } : {};
  return new GuestpassError('storage_unavailable', `The database ${why}.`, { cause: error, ...remedy });
}

/** True when the same transaction may succeed at once, because it lost against another: SQLSTATE 40001 and 40P01. */
export function isConflict(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40001' || code === '40P01';
}

/** True when the connection is of no more use: it broke, or an answer is still to come that nobody waits for. */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error);
  if (code === undefined) return error instanceof Error && lostMessages.test(error.message);
  return networkCodes.has(code) || code.startsWith('08') || code.startsWith('57P');
}

const checkTheUrl = 'Check user, password and database name in GUESTPASS_DATABASE_URL.';

function troubleOf(error: unknown): string | undefined {
  if (isConnectionLost(error)) return `did not answer${told(codeOf(error))}`;
  const code = codeOf(error);
  if (code === undefined) return undefined;
  if (code === '25006') return 'takes no writes; it is a standby or in recovery (25006)';
  if (code === '53100') return 'has no disk space left (53100)';
  if (code === '57014') return 'took too long for a statement (57014)';
  if (code === '55P03') return 'did not give a lock in time (55P03)';
  if (isRefusedLogin(error)) return `refused the login${told(code)}`;
  if (code.startsWith('53') || code.startsWith('58')) return `is short of resources${told(code)}`;
  return undefined;
}

/** Invalid authorization (class 28), no such database (3D000). */
function isRefusedLogin(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && (code.startsWith('28') || code === '3D000');
}

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
]);

/** What pg says without a code. */
const lostMessages =
  /^(?:Connection terminated|Query read timeout|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end|Postgres connection has been discarded|driver has already been destroyed)/;

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function told(code: string | undefined): string {
  return code === undefined ? '' : ` (${code})`;
}

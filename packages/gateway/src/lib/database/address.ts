/**
 * `postgres://user:password@host:port/database`, with the parameters `pg` knows, such as `sslmode`. A function is asked
 * for each new connection, so that user name and password may change.
 */
export type DatabaseAddress = string | (() => string);

/** The address as it stands now. */
export function addressNow(address: DatabaseAddress): string {
  return typeof address === 'string' ? address : address();
}

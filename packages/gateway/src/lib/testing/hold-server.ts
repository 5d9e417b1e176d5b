import { dropLeftovers, openServer } from './postgres.ts';

/**
 * Keeps the server of the tests up for a whole run, so that it is not started and ended between two tests. Where there
 * can be none, the tests that need it say why. Resolves with what gives it up.
 */
export async function setup(): Promise<(() => PromiseLike<void>) | undefined> {
  const server = await openServer().catch(() => undefined);
  if (!server) return undefined;
  await dropLeftovers(server.url);
  return () => server[Symbol.asyncDispose]();
}

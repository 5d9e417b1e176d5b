import type { GuestPass } from '../contract/guest-pass.ts';
import { fetchExchange } from '../http/fetch.ts';
import { webSocketTransport } from '../messaging/web-socket.ts';
import type { SessionTarget } from './address.ts';
import { openSession } from './open-session.ts';
import type { Session } from './session.ts';
import type { SessionOptions } from './session-options.ts';

const largestFile = 33_554_432;

/**
 * Connects a guest with its conversation, and resolves when the session is ready, or read-only when the conversation has
 * ended. Made of what browsers offer; the page's own Origin is sent.
 *
 * @throws GuestpassError `config_invalid`, `platform_unavailable`, `request_rejected`, `session_expired`, `aborted`.
 */
export async function connectSession(pass: GuestPass | SessionTarget, options: SessionOptions = {}): Promise<Session> {
  const { transport = webSocketTransport() } = options;
  const { exchange = fetchExchange(undefined, { maxBodyBytes: largestFile }), files = exchange } = options;
  return openSession(pass, options, { transport, exchange, files, close: async () => {} });
}

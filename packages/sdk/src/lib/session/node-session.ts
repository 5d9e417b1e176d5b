import type { GuestPass } from '../contract/guest-pass.ts';
import { undiciExchange } from '../http/undici.ts';
import { wsTransport } from '../messaging/ws.ts';
import type { SessionTarget } from './address.ts';
import { openSession } from './open-session.ts';
import type { Session } from './session.ts';
import type { SessionOptions } from './session-options.ts';

const largestFile = 33_554_432;

/**
 * Connects a guest with its conversation, and resolves when the session is ready, or read-only when the conversation has
 * ended.
 *
 * @throws GuestpassError `config_invalid`, `forbidden`, `endpoint_not_found`, `request_rejected`, `platform_unavailable`,
 * `session_expired`, `aborted`.
 * @example
 * await using session = await connectSession(guestPass);
 * await session.send('Where is my parcel?');
 * for await (const { author, text } of session) console.log(author, text);
 */
export async function connectSession(pass: GuestPass | SessionTarget, options: SessionOptions = {}): Promise<Session> {
  const pool = undiciExchange({ connections: 4, maxBodyBytes: largestFile });
  const { transport = wsTransport(), exchange = pool.exchange, files = exchange } = options;
  return openSession(pass, options, { transport, exchange, files, close: pool.close });
}

import { createInbox } from '../messaging/inbox.ts';
import { type Closed, type Transport, TransportError } from '../messaging/transport.ts';

/** The server's end of one connection. */
export interface Peer {
  /** The address that was opened. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Called with each text the client sends. */
  onText: (text: string) => void;
  send(text: string): void;
  /** Ends the connection; 1006 is one that breaks. */
  close(code: number): void;
  /** How the connection ended. */
  readonly closed: Promise<Closed>;
}

/**
 * A network of sockets without sockets: every opening calls `serve` with the server's end, which may throw a
 * {@link TransportError} to refuse, or return a promise to take its time. Texts arrive in later turns, never in the
 * call that sends them.
 */
export function memoryTransport(serve: (peer: Peer) => void | Promise<void>): Transport {
  return async (address, { headers = {}, signal } = {}) => {
    if (signal?.aborted) throw new TransportError('aborted');
    const inbox = createInbox();
    const closed = Promise.withResolvers<Closed>();
    let open = true;
    const end = (code: number) => {
      if (!open) return;
      open = false;
      inbox.end();
      closed.resolve({ code, reason: '' });
    };
    const peer: Peer = {
      url: new URL(address),
      headers,
      onText: () => {},
      send: (text) => inbox.put(text),
      close: end,
      closed: closed.promise,
    };
    const givenUp = Promise.withResolvers<never>();
    const giveUp = () => givenUp.reject(new TransportError('aborted'));
    signal?.addEventListener('abort', giveUp, { once: true });
    const serving = async () => serve(peer);
    await Promise.race([serving(), givenUp.promise]).finally(() => signal?.removeEventListener('abort', giveUp));
    return {
      headers: { 'inin-correlation-id': 'corr-socket' },
      frames: inbox.texts,
      closed: closed.promise,
      send: (text) => queueMicrotask(() => open && peer.onText(text)),
      close: (code = 1000) => queueMicrotask(() => end(code)),
    };
  };
}

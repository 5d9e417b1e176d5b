import type { RequestListener, ServerOptions } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { SimulatorClock } from '../clock.ts';
import type { ServerIdentity } from '../tls/certificates.ts';
import type { DevelopmentCa } from '../tls/development-ca.ts';

/** What a server proves who it is with. */
export interface Proof {
  readonly ca: DevelopmentCa;
  readonly names: readonly string[];
  /** The machine's clock, which certificates are judged by. */
  readonly clock: SimulatorClock;
}

/** A renewal at this share of a certificate's life leaves days for a clock that is behind. */
const renewedAt = 2 / 3;

/** Makes a server that speaks TLS, by a certificate that is renewed while the server is open. */
export async function createSecureServer(
  { ca, names, clock }: Proof,
  options: ServerOptions,
  listener: RequestListener,
): Promise<Server> {
  const first = await ca.issue(names);
  const server = createServer({ ...options, key: first.privateKey, cert: first.certificate }, listener);
  let open = true;
  let cancel: (() => void) | undefined;

  const renew = async () => {
    const next = await ca.issue(names);
    if (!open) return;
    server.setSecureContext({ key: next.privateKey, cert: next.certificate });
    arm(next);
  };
  const arm = ({ expiresAt }: ServerIdentity) => {
    cancel = clock.after((expiresAt - clock.now()) * renewedAt, () => {
      renew().catch((error: unknown) => server.emit('error', error));
    });
  };
  server.once('listening', () => arm(first));
  server.once('close', () => {
    open = false;
    cancel?.();
  });
  return server;
}

import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { ExchangeError } from '../http/exchange.ts';
import { type AddressPolicy, isAddress, refuseAddress } from './address-guard.ts';

/** Every address of a host name, in the order to try them. Rejects with the system's error when there is none. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** The system's own resolver, hosts file included. */
export const systemResolve: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address);

export interface GuardedConnectorOptions extends AddressPolicy {
  readonly resolve: Resolve;
  /** Time for name, connection and TLS together, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Certificates in PEM that are trusted instead of the system's. */
  readonly ca?: string | readonly string[];
}

/**
 * A connector that reaches allowed addresses only. The name is resolved once, as part of connecting, and the connection
 * goes to what was checked: an answer that changes afterwards changes nothing. TLS still asks for the name.
 */
export function guardedConnector(options: GuardedConnectorOptions): buildConnector.connector {
  const { resolve, connectTimeoutMs, ca, allowCidrs = [] } = options;
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    allowH2: false,
    lookup: guardedLookup(resolve, { allowCidrs }),
    ...(ca !== undefined && { ca: typeof ca === 'string' ? ca : [...ca] }),
  });
  return guardConnector(connect, { allowCidrs });
}

/** Checks the address before connecting where no lookup is made for it, and the address connected to afterwards. */
export function guardConnector(connect: buildConnector.connector, policy: AddressPolicy): buildConnector.connector {
  return (options, callback) => {
    const { hostname } = options;
    if (isAddress(hostname) && refuseAddress(hostname, policy)) return callback(addressRefused(), null);
    connect(options, (error, socket) => {
      if (!socket) return callback(error ?? disconnected(), null);
      const fault = peerFault(socket.remoteAddress, policy);
      if (!fault) return callback(null, socket);
      socket.destroy();
      callback(fault, null);
    });
  };
}

/** Resolves a name, and gives its addresses only when each of them may be reached. */
function guardedLookup(resolve: Resolve, policy: AddressPolicy): LookupFunction {
  const check = async (hostname: string) => {
    const addresses = await resolve(hostname);
    if (addresses.length === 0) throw unknownHost();
    if (addresses.some((address) => refuseAddress(address, policy))) throw addressRefused();
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return (hostname, { all }, callback) => {
    check(hostname).then(
      (found) => (all ? callback(null, found) : callback(null, found[0]?.address ?? '', found[0]?.family)),
      (error) => callback(error, []),
    );
  };
}

function peerFault(remoteAddress: string | undefined, policy: AddressPolicy): Error | undefined {
  // A peer that hung up at once has no address any more.
  if (remoteAddress === undefined) return disconnected();
  return refuseAddress(remoteAddress, policy) && addressRefused();
}

/** Does not tell the address: whoever set up a receiver should not learn about the network inside. */
function addressRefused(): ExchangeError {
  return new ExchangeError('address_refused', { sent: 'no', permanent: true });
}

function unknownHost(): Error {
  return Object.assign(new Error('The name has no address.'), { code: 'ENOTFOUND' });
}

function disconnected(): Error {
  return Object.assign(new Error('The connection ended as it began.'), { code: 'ECONNRESET' });
}

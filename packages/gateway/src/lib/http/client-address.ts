import { plainAddress } from '../settings/network.ts';

export interface ClientAddressOptions {
  /** True for the addresses of proxies whose `X-Forwarded-For` is believed. */
  readonly isTrusted: (address: string) => boolean;
}

/** Finds out who asks: the socket's own address, or the one that trusted proxies name. */
export type ClientAddress = (peer: string | undefined, forwardedFor: string | null) => string;

const mostHops = 10;
const longestHeader = 1_024;

/**
 * Walks `X-Forwarded-For` from its right end, where each proxy adds the address it was asked from, and returns the first
 * address that is not a trusted proxy. What stands left of that, or of anything that is no address, could have been
 * written by anybody and is not looked at. `unknown` when the socket has no address.
 */
export function createClientAddress({ isTrusted }: ClientAddressOptions): ClientAddress {
  return (peer, forwardedFor) => {
    let address = plainAddress(peer ?? '');
    if (address === undefined) return 'unknown';
    if (forwardedFor === null || forwardedFor.length > longestHeader) return address;
    const hops = forwardedFor.split(',').reverse().slice(0, mostHops);
    for (const hop of hops) {
      if (!isTrusted(address)) return address;
      const before = plainAddress(hop.trim());
      if (before === undefined) return address;
      address = before;
    }
    return address;
  };
}

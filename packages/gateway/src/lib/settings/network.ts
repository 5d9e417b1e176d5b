import { BlockList, isIP, isIPv4 } from 'node:net';

/** A range of addresses, as CIDR notation gives it. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
}

/** Reads `10.0.0.0/8`, `fd00::/8` or a single address; `undefined` for anything else. */
export function parseNetwork(text: string): Network | undefined {
  const [, address = '', length] = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0) return undefined;
  const widest = family === 4 ? 32 : 128;
  const prefix = length === undefined ? widest : Number(length);
  return prefix <= widest ? { address, prefix } : undefined;
}

/** Tells whether an address lies in one of the networks. An IPv4 address inside an IPv6 one counts as itself. */
export function createNetworkList(networks: readonly Network[]): (address: string) => boolean {
  const list = new BlockList();
  for (const { address, prefix } of networks) list.addSubnet(address, prefix, isIPv4(address) ? 'ipv4' : 'ipv6');
  return (address) => {
    const plain = plainAddress(address);
    return plain !== undefined && list.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
  };
}

/** The address without zone, and as IPv4 when it is one inside an IPv6 one; `undefined` when it is none. */
export function plainAddress(text: string): string | undefined {
  const bare = text.replace(/%.*$/s, '');
  const inner = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  if (inner !== undefined && isIPv4(inner)) return inner;
  return isIP(bare) === 0 ? undefined : bare;
}

/** The eight groups of an IPv6 address as numbers. */
function groupsOf(address: string): number[] {
  // The URL parser writes each address in one way, in hexadecimal groups alone.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const numbers = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  if (tail === undefined) return numbers(head);
  const [before, after] = [numbers(head), numbers(tail)];
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/** Where an address is counted: what one customer holds, and the network around it. */
export interface AddressRanges {
  /** An IPv4 address, or the /64 of an IPv6 one. */
  readonly single: string;
  /** The /24 of an IPv4 address, or the /48 of an IPv6 one. Little enough of an address to be logged. */
  readonly subnet: string;
}

export function rangesOf(address: string): AddressRanges {
  const plain = plainAddress(address);
  if (plain === undefined) return { single: 'none', subnet: 'none' };
  if (isIPv4(plain)) return { single: `${plain}/32`, subnet: `${plain.replace(/\.\d+$/, '.0')}/24` };
  const groups = groupsOf(plain).map((group) => group.toString(16));
  return { single: `${groups.slice(0, 4).join(':')}::/64`, subnet: `${groups.slice(0, 3).join(':')}::/48` };
}

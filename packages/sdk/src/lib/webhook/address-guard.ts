import ipaddr from 'ipaddr.js';
import { GuestpassError } from '../errors.ts';

/** Which addresses may be called beside the public ones. */
export interface AddressPolicy {
  /** Networks that may be reached although they are not public, such as `10.1.0.0/16`. Default none. */
  readonly allowCidrs?: readonly string[] | undefined;
}

/** What the URL of an endpoint may be, and where it may lead. */
export interface EndpointPolicy extends AddressPolicy {
  /** True to allow `http:` beside `https:`. Signed bodies are then readable on the way. Default false. */
  readonly allowHttp?: boolean | undefined;
  /** Ports that may be used, or `any`. Default 443 and 8443. */
  readonly ports?: readonly number[] | 'any' | undefined;
}

/** Why an address must not be connected to. */
export type AddressRefusal = 'not_an_address' | 'metadata' | 'not_public';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [Address, number];

/**
 * Says why an IP address must not be connected to; `undefined` when it may. Only public unicast addresses may be, and
 * allowed networks; an IPv4 address inside an IPv6 one is held to the same. Cloud metadata services are refused even
 * inside an allowed network.
 *
 * @throws GuestpassError `config_invalid` when an allowed network is not one.
 */
export function refuseAddress(ip: string, { allowCidrs = [] }: AddressPolicy = {}): AddressRefusal | undefined {
  const allowed = allowCidrs.map(parseAllowed);
  const address = parseAddress(ip);
  if (!address) return 'not_an_address';
  const layers = layersOf(address);
  if (layers.some((layer) => isWithin(layer, metadata))) return 'metadata';
  return layers.every((layer) => isPublic(layer) || isWithin(layer, allowed)) ? undefined : 'not_public';
}

/** What a look at the URL of an endpoint found. */
export type EndpointCheck =
  | { readonly ok: true; readonly url: URL }
  | {
      readonly ok: false;
      readonly reason: 'url_refused' | 'address_refused';
      /** One sentence: what is wrong. Never repeats the URL. */
      readonly detail: string;
    };

/**
 * Checks everything about the URL of a receiver that can be told without asking the network. What its name resolves to
 * is checked when connecting.
 *
 * @throws GuestpassError `config_invalid` when an allowed network is not one.
 */
export function checkEndpointUrl(text: string, policy: EndpointPolicy = {}): EndpointCheck {
  const url = URL.parse(text);
  const fault = url ? refuseShape(url, policy) : 'It is not a URL.';
  if (!url || fault) return { ok: false, reason: 'url_refused', detail: fault ?? 'It is not a URL.' };
  const literal = literalOf(url.hostname);
  if (literal !== undefined && refuseAddress(literal, policy)) {
    return { ok: false, reason: 'address_refused', detail: 'Its address is not public and not in an allowed network.' };
  }
  return { ok: true, url };
}

function refuseShape(url: URL, { allowHttp = false, ports = defaultPorts }: EndpointPolicy): string | undefined {
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) {
    return allowHttp ? 'It is neither https nor http.' : 'It is not https.';
  }
  if (url.username !== '' || url.password !== '') return 'It holds a user name or password.';
  if (url.href.includes('#')) return 'It holds a fragment.';
  if (url.href.length > longestUrl) return `It is longer than ${longestUrl} characters.`;
  const port = url.port === '' ? schemePorts[url.protocol] : Number(url.port);
  if (ports !== 'any' && !ports.some((one) => one === port)) return 'Its port is not allowed.';
  return undefined;
}

const defaultPorts = [443, 8443];
const schemePorts: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 };
const longestUrl = 2048;

/** The address a host name stands for without asking anybody: a literal, or a loopback name (RFC 6761). */
function literalOf(hostname: string): string | undefined {
  const name = hostname.replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost')) return '127.0.0.1';
  const literal = name.replace(/^\[|\]$/g, '');
  return isAddress(literal) ? literal : undefined;
}

/** True for an IP literal in its usual form; no name, and no `127.1` or `0x7f000001`. */
export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

function parseAddress(text: string): Address | undefined {
  // ipaddr.js reads `::1.2.3.4`, as resolvers write a compatible address, as the mapped `::ffff:1.2.3.4`.
  return isAddress(text) ? ipaddr.parse(text.replace(/^::(?=\d+\.)/, '::0:')) : undefined;
}

function parseAllowed(cidr: string): Network {
  const network = ipaddr.isValidCIDR(cidr) ? ipaddr.parseCIDR(cidr) : undefined;
  // A mapped network would match nothing, since mapped addresses are judged as the IPv4 addresses they are.
  if (!network || isWithin(network[0], [mapped])) {
    throw new GuestpassError('config_invalid', 'An allowed network is not an address and a prefix length.', {
      remedy: 'Write it like 10.1.0.0/16 or fd12:3456::/32.',
    });
  }
  return network;
}

/** Addresses unlisted by anybody are not public: beside the special ranges, IPv6 is public in 2000::/3 only. */
function isPublic(address: Address): boolean {
  return address.range() === 'unicast' && (address.kind() === 'ipv4' || isWithin(address, [globalUnicast]));
}

/** The address itself, and every IPv4 address that a translator or tunnel would make of it. */
function layersOf(address: Address): readonly Address[] {
  if (address.kind() === 'ipv4') return [address];
  const bytes = address.toByteArray();
  const embedded = (at: number, mask = 0) => new ipaddr.IPv4(bytes.slice(at, at + 4).map((byte) => byte ^ mask));
  if (isWithin(address, [mapped])) return [embedded(12)];
  if (isWithin(address, lastFour)) return [address, embedded(12)];
  if (isWithin(address, [sixToFour])) return [address, embedded(2)];
  if (isWithin(address, [teredo])) return [address, embedded(4), embedded(12, 0xff)];
  // Of ::/96 the addresses :: and ::1 are not made of IPv4 ones.
  return isWithin(address, [compatible]) && bytes.slice(12, 15).some((byte) => byte > 0)
    ? [address, embedded(12)]
    : [address];
}

function isWithin(address: Address, networks: readonly Network[]): boolean {
  return networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
}

const globalUnicast = ipaddr.parseCIDR('2000::/3');
const mapped = ipaddr.parseCIDR('::ffff:0:0/96');
/** RFC 4291 section 2.5.5.1, deprecated. */
const compatible = ipaddr.parseCIDR('::/96');
/** RFC 3056. */
const sixToFour = ipaddr.parseCIDR('2002::/16');
/** RFC 4380: the server, and the client with its bits turned over. */
const teredo = ipaddr.parseCIDR('2001::/32');
/** IPv4 in the last four bytes: NAT64 (RFC 6052, RFC 8215) and SIIT (RFC 7915). */
const lastFour = ['64:ff9b::/96', '64:ff9b:1::/48', '::ffff:0:0:0/96'].map((cidr) => ipaddr.parseCIDR(cidr));

/** Where clouds hand credentials to whoever asks from inside: link-local ones, then those that are not. */
const metadata = [
  '169.254.0.0/16',
  'fe80::a9fe:a9fe/128',
  'fd00:ec2::/32',
  'fd20:ce::254/128',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
].map((cidr) => ipaddr.parseCIDR(cidr));

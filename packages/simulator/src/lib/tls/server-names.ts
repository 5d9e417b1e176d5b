import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

const always = ['localhost', '127.0.0.1', '::1'];
const wildcardHosts = new Set(['0.0.0.0', '::']);
const hostName = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

/**
 * Every name a server is asked by: this machine's own, the address it listens on, and the given ones. Throws a
 * `TypeError` for what is neither a host name nor an IP address.
 */
export function serverNames(host: string, given: readonly string[]): readonly string[] {
  const listened = wildcardHosts.has(host) ? [] : [host];
  return [...new Set([...always, ...listened, ...given.map(readName)])];
}

function readName(text: string): string {
  if (isIP(text)) return text;
  const name = text.startsWith('*.') ? `*.${domainToASCII(text.slice(2))}` : domainToASCII(text);
  if (hostName.test(name) && name.length <= 253) return name;
  throw new TypeError(`tls.names: ${JSON.stringify(text)} is neither a host name nor an IP address.`);
}

import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Refusal } from './refusal.ts';

const mostHeaders = 100;

/**
 * Why a request that the parser let pass is not served: it could be read in another way by whoever stands in front of
 * us, or names another resource than it seems to. `undefined` when nothing is wrong.
 */
export function refuseFraming(incoming: IncomingMessage): Refusal | undefined {
  const { rawHeaders, httpVersion, url = '' } = incoming;
  if (rawHeaders.length / 2 > mostHeaders) {
    return { code: 'headers_too_large', detail: `The request has more than ${mostHeaders} headers.` };
  }
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return malformed('The version is not HTTP/1.1.');
  return (
    refuseHost(valuesOf(rawHeaders, 'host'), httpVersion) ??
    refuseCoding(valuesOf(rawHeaders, 'transfer-encoding'), httpVersion) ??
    refuseTarget(url)
  );
}

/** A name, an IPv4 address or an IPv6 address in brackets, and maybe a port (RFC 9112 section 3.2). */
const hostShape = /^(?:[A-Za-z0-9._~-]{1,255}|\[([0-9A-Fa-f:.]{2,45})\])(?::(\d{1,5}))?$/;

function refuseHost(hosts: readonly string[], httpVersion: string): Refusal | undefined {
  const [host] = hosts;
  if (hosts.length > 1) return malformed('The request has more than one Host.');
  if (host === undefined) return httpVersion === '1.0' ? undefined : malformed('The request has no Host.');
  const parts = hostShape.exec(host);
  const [, bracketed, port = '0'] = parts ?? [];
  const isPlace = parts !== null && Number(port) <= 65_535 && (bracketed === undefined || isIPv6(bracketed));
  return isPlace ? undefined : malformed('The Host is not a host and a port.');
}

/** Anything but one `chunked` leaves it open where the body ends (RFC 9112 section 6.1). */
function refuseCoding(codings: readonly string[], httpVersion: string): Refusal | undefined {
  if (codings.length === 0) return undefined;
  const isPlain = codings.length === 1 && codings[0]?.toLowerCase() === 'chunked' && httpVersion === '1.1';
  return isPlain ? undefined : malformed('The Transfer-Encoding is not chunked.');
}

const visible = /^\/[\x21-\x7e]*$/;
const dotSegment = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;
/** What a path never needs to escape, what would end or split it, and what is no escape at all. */
const oddEscape = /%(?:2[DEF]|3[0-9]|4[1-9A-F]|5[0-9AF]|5C|6[1-9A-F]|7[0-9AE]|[01][0-9A-F]|7F)|%(?![0-9A-F]{2})/i;

/** Only a path on this server, and written in one way. */
function refuseTarget(target: string): Refusal | undefined {
  if (!visible.test(target) || target.includes('#')) return malformed('The request target is not a path.');
  const [path = ''] = target.split('?', 1);
  const isPlain = !path.includes('\\') && !dotSegment.test(path) && !oddEscape.test(path);
  return isPlain ? undefined : malformed('The path of the request is not written in the usual way.');
}

function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

function malformed(detail: string): Refusal {
  return { code: 'http_malformed', detail };
}

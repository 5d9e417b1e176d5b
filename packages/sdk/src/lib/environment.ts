import { didYouMean } from './did-you-mean.ts';
import { GuestpassError } from './errors.ts';

/** Where the platform is: its two hosts, as base URLs without a trailing slash. */
export interface PlatformHosts {
  /** `genesys` for a region of Genesys Cloud, `custom` for any other place that offers the same paths. */
  readonly kind: 'genesys' | 'custom';
  /** Where `/oauth/token` is. */
  readonly loginUrl: string;
  /** Where the guests path is. */
  readonly apiUrl: string;
  /** AWS region of a Genesys Cloud region, such as `us-west-2`. */
  readonly region?: string;
  /** Domain of a Genesys Cloud region, such as `usw2.pure.cloud`. */
  readonly domain?: string;
}

interface Region {
  readonly region: string;
  readonly short: string;
  readonly domain: string;
  readonly platformName?: string;
}

/** The regions of Genesys Cloud, as the published SDKs and the Terraform provider name them. */
export const genesysRegions: readonly Region[] = [
  { region: 'us-east-1', short: 'use1', domain: 'mypurecloud.com', platformName: 'prod' },
  { region: 'us-east-2', short: 'use2', domain: 'use2.us-gov-pure.cloud', platformName: 'fedramp-use2-core' },
  { region: 'us-west-2', short: 'usw2', domain: 'usw2.pure.cloud', platformName: 'prod-usw2' },
  { region: 'ca-central-1', short: 'cac1', domain: 'cac1.pure.cloud', platformName: 'prod-cac1' },
  { region: 'eu-west-1', short: 'euw1', domain: 'mypurecloud.ie', platformName: 'prod-euw1' },
  { region: 'eu-west-2', short: 'euw2', domain: 'euw2.pure.cloud', platformName: 'prod-euw2' },
  { region: 'eu-central-1', short: 'euc1', domain: 'mypurecloud.de', platformName: 'prod-euc1' },
  { region: 'eu-central-2', short: 'euc2', domain: 'euc2.pure.cloud', platformName: 'prod-euc2' },
  { region: 'ap-northeast-1', short: 'apne1', domain: 'mypurecloud.jp', platformName: 'prod-apne1' },
  { region: 'ap-northeast-2', short: 'apne2', domain: 'apne2.pure.cloud', platformName: 'prod-apne2' },
  { region: 'ap-northeast-3', short: 'apne3', domain: 'apne3.pure.cloud', platformName: 'prod-apne3' },
  { region: 'ap-southeast-1', short: 'apse1', domain: 'apse1.pure.cloud', platformName: 'prod-apse1' },
  { region: 'ap-southeast-2', short: 'apse2', domain: 'mypurecloud.com.au', platformName: 'prod-apse2' },
  { region: 'ap-south-1', short: 'aps1', domain: 'aps1.pure.cloud', platformName: 'prod-aps1' },
  { region: 'sa-east-1', short: 'sae1', domain: 'sae1.pure.cloud', platformName: 'prod-sae1' },
  { region: 'me-central-1', short: 'mec1', domain: 'mec1.pure.cloud', platformName: 'prod-mec1' },
  { region: 'mx-central-1', short: 'mxc1', domain: 'mxc1.pure.cloud', platformName: 'prod-mxc1' },
  { region: 'eusc-de-east-1', short: 'edee1', domain: 'edee1.eusc-pure.cloud' },
];

/**
 * Finds the platform's hosts. A URL or a full host name is used as it is, for both hosts and with its path; a short
 * name, an AWS region, or a domain or host of Genesys Cloud is looked up in its region table. Host names are spoken
 * to over https; http is kept for loopback, where it is also the default. Throws `config_invalid` for anything else;
 * the message never repeats the value.
 *
 * @example resolveEnvironment('usw2').apiUrl // 'https://api.usw2.pure.cloud'
 * @example resolveEnvironment('usw2.mygenesys.com').apiUrl // 'https://usw2.mygenesys.com'
 */
export function resolveEnvironment(value: string): PlatformHosts {
  // A variable that is not set gets past the type by an assertion, and here no further.
  if (typeof value !== 'string') throw refusal('The environment is missing.');
  const text = value.trim();
  if (text === '') throw refusal('The environment is empty.');
  if (/[\s\p{Cc}\\]/u.test(text))
    throw refusal('The environment holds white space, a control character or a backslash.');
  if (isBareName(text)) return byName(text);
  const url = parseUrl(text);
  const genesys = genesysHosts(url);
  if (genesys) return genesys;
  const base = `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  return { kind: 'custom', loginUrl: base, apiUrl: base };
}

/** Where sockets of web messaging are opened. Genesys Cloud has a host for them; any other platform answers them where it answers everything. */
export function messagingUrlOf({ kind, domain, apiUrl }: PlatformHosts): string {
  if (kind === 'genesys' && domain !== undefined) return `wss://webmessaging.${domain}/v1`;
  return `${apiUrl.replace(/^http/, 'ws')}/v1`;
}

function isBareName(text: string): boolean {
  return /^[a-z0-9-]+$/i.test(text) && text.toLowerCase() !== 'localhost';
}

function byName(name: string): PlatformHosts {
  const wanted = name.toLowerCase();
  const found = genesysRegions.find((row) => namesOf(row).includes(wanted));
  if (found) return hostsOf(found);
  const near = didYouMean(wanted, genesysRegions.flatMap(namesOf));
  throw refusal(`The environment is not a known region.${near ? ` Did you mean ${near}?` : ''}`);
}

function namesOf(row: Region): string[] {
  return [row.short, row.region, ...(row.platformName ? [row.platformName] : [])];
}

function hostsOf({ region, domain }: Region): PlatformHosts {
  return { kind: 'genesys', loginUrl: `https://login.${domain}`, apiUrl: `https://api.${domain}`, region, domain };
}

/** The region a host of Genesys Cloud belongs to. Its hosts have one port and no base path, so others are slips. */
function genesysHosts(url: URL): PlatformHosts | undefined {
  const domain = url.hostname.replace(/^(?:login|api|apps|api-cdn|webmessaging)\./, '');
  const found = genesysRegions.find((row) => row.domain === domain);
  if (!found) return undefined;
  if (url.port !== '' || /[^/]/.test(url.pathname)) {
    throw refusal('The environment adds a port or a path to a host of Genesys Cloud.');
  }
  return hostsOf(found);
}

function parseUrl(text: string): URL {
  if (/[?#]/.test(text)) throw refusal('The environment holds a query or a fragment.');
  if (/^(?:[^/:]*:\/\/)?[^/]*@/.test(text)) throw refusal('The environment holds a user name or password.');
  const url = URL.parse(withScheme(text));
  if (!url || !isHost(url.hostname)) throw refusal('The environment is not a host name or URL.');
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw refusal('The environment uses http, and credentials go over https only; loopback is the one exception.');
  }
  return url;
}

function withScheme(text: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === 'https' || scheme === 'http') return text;
  if (scheme !== undefined) throw refusal('The environment uses another scheme than https.');
  // Without a scheme, `name:` must be followed by a port, or `file:/etc` would pass for a host.
  if (!/^(?:\[[^\]]*\]|[^/:[\]]+)(?::\d{1,5})?(?:\/|$)/.test(text)) {
    throw refusal('The environment is not a host name or URL.');
  }
  const plain = URL.parse(`http://${text}`);
  return plain && isLoopback(plain.hostname) ? `http://${text}` : `https://${text}`;
}

/** True for 127.0.0.0/8, ::1 and `localhost`, in the form the URL parser gives them. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function isHost(hostname: string): boolean {
  if (hostname.startsWith('[')) return true;
  return hostname.length <= 253 && hostname.split('.').every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(label));
}

function refusal(detail: string): GuestpassError {
  const names = genesysRegions.map((row) => row.short).join(', ');
  return new GuestpassError('config_invalid', detail, {
    faults: [{ pointer: '', detail }],
    remedy: `Give an https URL, a full host name such as usw2.mygenesys.com, or a region: ${names}.`,
  });
}

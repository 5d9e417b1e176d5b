import type { GuestPass, SignedIn } from '../contract/guest-pass.ts';
import { GuestpassError } from '../errors.ts';

/** What is needed to speak as a guest. */
export interface SessionTarget {
  /** WebSocket address without query, such as `wss://webmessaging.usw2.pure.cloud/v1`. */
  readonly url: string;
  readonly deploymentId: string;
  /** The session token, the guest's secret. */
  readonly token: string;
  /** Of a guest who signed in. Default none. */
  readonly signedIn?: SignedIn;
}

/** @throws GuestpassError `config_invalid` for a guest pass that does not say where to connect, and for an unusable address. */
export function targetOf(pass: GuestPass | SessionTarget): SessionTarget {
  if ('token' in pass) return checked(pass);
  const { connect, sessionToken: token, signedIn } = pass;
  if (connect) return checked({ ...connect, token, ...(signedIn && { signedIn }) });
  const remedy = 'Connect with the address, the deployment id and the session token instead of the guest pass.';
  throw new GuestpassError('config_invalid', 'The guest pass does not say where to connect.', { remedy });
}

function checked(target: SessionTarget): SessionTarget {
  const { protocol } = URL.parse(target.url) ?? {};
  if (protocol === 'wss:' || protocol === 'ws:') return target;
  const remedy = 'Give a ws or wss address, such as wss://webmessaging.usw2.pure.cloud/v1.';
  throw new GuestpassError('config_invalid', 'The address of the session is no WebSocket address.', { remedy });
}

/** The address that is opened. */
export function socketUrl({ url, deploymentId }: SessionTarget): string {
  const opened = new URL(url);
  opened.searchParams.set('deploymentId', deploymentId);
  return opened.href;
}

/** Where the API of a socket is: Genesys Cloud has a host for each, any other platform answers both on one. */
export function apiUrlOf({ url }: SessionTarget): string {
  const { protocol, host } = new URL(url);
  return `${protocol === 'wss:' ? 'https' : 'http'}://${host.replace(/^webmessaging\./, 'api.')}`;
}

/** The origin of the socket's host, which the official mobile SDK sends too. */
export function originOf({ url }: SessionTarget): string {
  const { protocol, host } = new URL(url);
  return `${protocol === 'wss:' ? 'https' : 'http'}://${host}`;
}

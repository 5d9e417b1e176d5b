/** What a request is for; `other` is everything the simulator does not offer. */
export type Operation =
  | 'token'
  | 'guest'
  | 'captcha'
  | 'idp'
  | 'socket'
  | 'history'
  | 'config'
  | 'attachment'
  | 'other';

export const tokenPath = '/oauth/token';
export const guestsPath = '/api/v2/conversations/webmessaging/guests';

/** Where guests open sockets. */
export const messagingPath = '/v1';

/** Where guests read what was said. */
export const historyPath = '/api/v2/webmessaging/messages';

/** Where the identity provider takes webhooks in. */
export const webhooksPath = '/_idp/webhooks';

export function operationOf(path: string): Operation {
  if (path === tokenPath) return 'token';
  if (path === webhooksPath) return 'idp';
  if (path === messagingPath) return 'socket';
  if (path === historyPath) return 'history';
  if (path.startsWith('/attachments/')) return 'attachment';
  if (/^\/webdeployments\/v1\/deployments\/[^/]+\/config\.json$/.test(path)) return 'config';
  if (/^\/captcha\/[a-z]+\/siteverify$/.test(path)) return 'captcha';
  return path === guestsPath ? 'guest' : 'other';
}

/** What every handler is given beside the request: its body, read once, and the id this answer will carry. */
export interface AskedBindings {
  readonly body: Uint8Array;
  readonly correlationId: string;
}

/** The environment of the Hono apps of this package. */
export interface AskedEnv {
  Bindings: AskedBindings;
}

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
  | 'exchange'
  | 'refresh'
  | 'revoke'
  | 'other';

export const tokenPath = '/oauth/token';
export const guestsPath = '/api/v2/conversations/webmessaging/guests';

/** Where guests open sockets. */
export const messagingPath = '/v1';

/** Where guests read what was said. */
export const historyPath = '/api/v2/webmessaging/messages';

/** Where guests who signed in at the site's provider get a JWT, refresh it, and give it back. */
export const exchangePath = '/api/v2/webdeployments/token/oauthcodegrantjwtexchange';
export const refreshPath = '/api/v2/webdeployments/token/refresh';
export const revokePath = '/api/v2/webdeployments/token/revoke';

/** Where the identity provider takes webhooks in. */
export const webhooksPath = '/_idp/webhooks';

const operations: ReadonlyMap<string, Operation> = new Map([
  [tokenPath, 'token'],
  [guestsPath, 'guest'],
  [webhooksPath, 'idp'],
  [messagingPath, 'socket'],
  [historyPath, 'history'],
  [exchangePath, 'exchange'],
  [refreshPath, 'refresh'],
  [revokePath, 'revoke'],
]);

export function operationOf(path: string): Operation {
  if (path.startsWith('/attachments/')) return 'attachment';
  if (/^\/webdeployments\/v1\/deployments\/[^/]+\/config\.json$/.test(path)) return 'config';
  if (/^\/captcha\/[a-z]+\/siteverify$/.test(path)) return 'captcha';
  return operations.get(path) ?? 'other';
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

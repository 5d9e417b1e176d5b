import {
  exchangePath,
  guestsPath,
  historyPath,
  messagingPath,
  refreshPath,
  revokePath,
  tokenPath,
  webhooksPath,
} from './asked.ts';

/** What can be asked of a simulator, as addresses; `{deploymentId}` stands for the id of a channel. */
export interface SimulatorEndpoints {
  /** `POST`, client credentials. */
  readonly token: string;
  /** `POST`, with that token. */
  readonly guests: string;
  /** A WebSocket. */
  readonly socket: string;
  readonly configuration: string;
  /** `GET`, with the token of `getJwt`. */
  readonly history: string;
  /** `POST`: a code of the OpenID provider for a JWT. */
  readonly exchange: string;
  /** `POST`. */
  readonly refresh: string;
  /** `DELETE`, with the JWT. */
  readonly revoke: string;
  /** The description of the site's OpenID provider. */
  readonly openIdProvider: string;
  /** `POST`; `{provider}` is `recaptcha`, `hcaptcha` or `turnstile`. */
  readonly captcha: string;
  /** `POST`: where webhooks go. */
  readonly identityProvider: string;
  /** What the simulator did: `/health`, `/stats`, `/requests`, `/faults` and `/sessions` stand under it. */
  readonly control: string;
}

/** Tells the addresses of a simulator at this origin, which has no trailing slash. */
export function endpointsAt(url: string): SimulatorEndpoints {
  return {
    token: `${url}${tokenPath}`,
    guests: `${url}${guestsPath}`,
    socket: `${url.replace(/^http/, 'ws')}${messagingPath}?deploymentId={deploymentId}`,
    configuration: `${url}/webdeployments/v1/deployments/{deploymentId}/config.json`,
    history: `${url}${historyPath}`,
    exchange: `${url}${exchangePath}`,
    refresh: `${url}${refreshPath}`,
    revoke: `${url}${revokePath}`,
    openIdProvider: `${url}/_oidc/.well-known/openid-configuration`,
    captcha: `${url}/captcha/{provider}/siteverify`,
    identityProvider: `${url}${webhooksPath}`,
    control: `${url}/_sim`,
  };
}

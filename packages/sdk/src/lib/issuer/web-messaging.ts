import type { Issuer, Ready } from './issuer.ts';
import { makeGuest, type WebMessagingOptions } from './web-messaging-guest.ts';

/**
 * The published way of a real guest: one socket, one `configureSession` with a fresh token, and the token is handed
 * over. The channel is the deployment id. No try can leave a guest behind unknown. Attributes of the payload are not
 * sent: the platform takes them with a message only.
 */
export function webMessagingIssuer(options: WebMessagingOptions): Issuer {
  return {
    signsIn: false,
    prepare: () => nothingNeeded,
    issue: ({ channelId }, call) => makeGuest(options, { channelId }, call),
  };
}

const nothingNeeded: Ready = { tries: [] };

import { Hono } from 'hono';
import { apiErrorFor, apiErrorResponse } from './api-error.ts';
import { type AskedEnv, guestsPath, tokenPath } from './asked.ts';
import { createGuests } from './guests/guests.ts';
import { createGuestsEndpoint } from './guests/guests-endpoint.ts';
import { createTokenEndpoint } from './oauth/token-endpoint.ts';
import { createTokens } from './oauth/tokens.ts';
import { createRandom } from './random.ts';
import { createRateWindows } from './rate-window.ts';
import type { Settings } from './settings.ts';

/** What the platform did since it was made. */
export interface PlatformCounts {
  readonly tokensIssued: number;
  readonly guestsCreated: number;
  readonly replayed: number;
}

/** The simulated platform without faults: a new one knows nobody. */
export interface Platform {
  readonly app: Hono<AskedEnv>;
  counts(): PlatformCounts;
}

export function createPlatform(settings: Settings): Platform {
  const { clock, seed, clients, channels, messagingUrl, sessionLifetimeSeconds } = settings;
  const lifetimeSeconds = settings.tokenLifetimeSeconds;
  const tokens = createTokens({ clock, random: createRandom(seed, 'tokens'), lifetimeSeconds });
  const guests = createGuests({ clock, random: createRandom(seed, 'guests'), sessionLifetimeSeconds });
  const tokenRates = createRateWindows(clock, settings.tokenRequestsPerMinute);
  const rates = createRateWindows(clock, settings.requestsPerMinute);
  const app = new Hono<AskedEnv>();

  app.post(tokenPath, createTokenEndpoint({ clients, tokens, rates: tokenRates }));
  app.post(guestsPath, createGuestsEndpoint({ tokens, rates, channels, guests, messagingUrl }));
  for (const path of [tokenPath, guestsPath]) {
    app.all(path, (c) => apiErrorResponse({ ...apiErrorFor(405), headers: { Allow: 'POST' } }, c.env.correlationId));
  }
  app.notFound((c) => apiErrorResponse(apiErrorFor(404), c.env.correlationId));
  app.onError((error) => {
    throw error;
  });

  return {
    app,
    counts: () => ({ tokensIssued: tokens.issued, guestsCreated: guests.created, replayed: guests.replayed }),
  };
}

import { Hono } from 'hono';
import { apiErrorFor, apiErrorResponse } from './api-error.ts';
import { type AskedEnv, guestsPath, tokenPath } from './asked.ts';
import { dialects } from './captcha/dialect.ts';
import { createSiteverifyEndpoint } from './captcha/siteverify-endpoint.ts';
import type { FaultScript } from './faults/faults.ts';
import { createGuests } from './guests/guests.ts';
import { createGuestsEndpoint } from './guests/guests-endpoint.ts';
import { createIdentityProvider } from './identity-provider/identity-provider.ts';
import { createMessaging, type Messaging, type MessagingCounts } from './messaging/messaging.ts';
import { createTokenEndpoint } from './oauth/token-endpoint.ts';
import { createTokens } from './oauth/tokens.ts';
import { createRandom } from './random.ts';
import { createRateWindows } from './rate-window.ts';
import type { Settings } from './settings.ts';
import { createSignInPlane, type SignInPlane } from './sign-in/plane.ts';
import type { ProviderPort } from './sign-in/redeem.ts';

/** What the platform did since it was made. */
export interface PlatformCounts extends MessagingCounts {
  readonly tokensIssued: number;
  readonly guestsCreated: number;
  readonly replayed: number;
  /** Captcha answers that passed, repeats under one idempotency key left out. */
  readonly captchasPassed: number;
  /** Webhooks the identity provider verified, repeats of one id left out. */
  readonly webhooksAccepted: number;
  /** JWTs given for a code or an ID token. */
  readonly guestsSignedIn: number;
}

/** The simulated platform: a new one knows nobody. Faults touch its frames alone. */
export interface Platform {
  readonly app: Hono<AskedEnv>;
  readonly messaging: Messaging;
  /** Answers what the site's OpenID provider is asked on a port, and returns whether it was. */
  readonly takeProvider: SignInPlane['take'];
  counts(): PlatformCounts;
}

/** `ports` tells where the simulator listens, the newest last. */
export function createPlatform(
  settings: Settings,
  faults: FaultScript,
  ports: () => readonly ProviderPort[],
): Platform {
  const { clock, seed, clients, channels, messagingUrl, sessionLifetimeSeconds } = settings;
  const lifetimeSeconds = settings.tokenLifetimeSeconds;
  const tokens = createTokens({ clock, random: createRandom(seed, 'tokens'), lifetimeSeconds });
  const guests = createGuests({ clock, random: createRandom(seed, 'guests'), sessionLifetimeSeconds });
  const tokenRates = createRateWindows(clock, settings.tokenRequestsPerMinute);
  const rates = createRateWindows(clock, settings.requestsPerMinute);
  const identityProvider = createIdentityProvider({ clock, webhookSecret: settings.webhookSecret });
  const signIn = createSignInPlane(settings, ports);
  const { reservation } = guests;
  const messaging = createMessaging(settings, { faults, reservation, authenticate: signIn.check });
  const app = new Hono<AskedEnv>();
  let captchasPassed = 0;

  app.post(tokenPath, createTokenEndpoint({ clients, tokens, rates: tokenRates }));
  app.post(guestsPath, createGuestsEndpoint({ tokens, rates, channels, guests, messagingUrl }));
  const siteverifyPaths = Object.entries(dialects).map(([provider, dialect]) => {
    const path = `/captcha/${provider}/siteverify`;
    const onPassed = () => {
      captchasPassed += 1;
    };
    app.post(path, createSiteverifyEndpoint({ dialect, site: settings.captcha, clock, onPassed }));
    return path;
  });
  app.route('/', identityProvider.app);
  app.route('/', messaging.app);
  app.route('/', signIn.createApp(messaging.logOut));
  for (const path of [tokenPath, guestsPath, ...siteverifyPaths]) {
    app.all(path, (c) => apiErrorResponse({ ...apiErrorFor(405), headers: { Allow: 'POST' } }, c.env.correlationId));
  }
  app.notFound((c) => apiErrorResponse(apiErrorFor(404), c.env.correlationId));
  app.onError((error) => {
    throw error;
  });

  return {
    app,
    messaging,
    takeProvider: signIn.take,
    counts: () => ({
      ...messaging.counts(),
      tokensIssued: tokens.issued,
      guestsCreated: guests.created,
      replayed: guests.replayed,
      captchasPassed,
      webhooksAccepted: identityProvider.accepted,
      guestsSignedIn: signIn.count,
    }),
  };
}

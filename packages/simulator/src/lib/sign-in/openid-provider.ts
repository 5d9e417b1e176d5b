import type { KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { SimulatorClock } from '../clock.ts';
import type { SeededRandom } from '../random.ts';
import { answerLogin } from './login-page.ts';
import { createProvider, createSigningKeys, providerPath, type SigningKeys } from './provider.ts';
import { createProviderStore } from './provider-store.ts';
import type { SignInSite } from './site.ts';

/** The site's OpenID provider. Each port is an issuer of its own; what they keep is the same. */
export interface OpenIdProvider {
  /** Answers what is asked under `/_oidc` of a port, and returns whether this was. */
  take(incoming: IncomingMessage, outgoing: ServerResponse, baseUrl: string): boolean;
  /** What ID tokens are verified with. */
  publicKey(): KeyObject;
}

export interface OpenIdProviderOptions {
  readonly clock: SimulatorClock;
  readonly random: SeededRandom;
  readonly site: SignInSite;
}

/** The name of the provider at a port, as ID tokens and discovery tell it. */
export function issuerAt(baseUrl: string): string {
  return `${baseUrl}${providerPath}`;
}

export function createOpenIdProvider({ clock, random, site }: OpenIdProviderOptions): OpenIdProvider {
  const store = createProviderStore(clock);
  const cookieKey = random.token();
  const providers = new Map<string, Provider>();
  let made: SigningKeys | undefined;

  // Not before somebody signs in: a pair takes a tenth of a second to make.
  const keys = () => {
    made ??= createSigningKeys();
    return made;
  };
  const providerAt = (baseUrl: string) => {
    const known = providers.get(baseUrl);
    if (known) return known;
    const provider = createProvider({ issuer: issuerAt(baseUrl), site, store, keys: keys(), cookieKey });
    providers.set(baseUrl, provider);
    return provider;
  };

  return {
    take(incoming, outgoing, baseUrl) {
      const { url = '' } = incoming;
      const inside = /^\/_oidc(?<rest>\/.*)$/.exec(url)?.groups?.rest;
      if (inside === undefined) return false;
      const provider = providerAt(baseUrl);
      if (inside.startsWith('/interaction/')) {
        answerLogin(provider, incoming, outgoing).catch((error: unknown) => {
          const gone = outgoing.destroyed || incoming.socket.destroyed;
          outgoing.destroy();
          // Nobody is there to be told when the guest is gone; anything else is a malfunction.
          if (!gone) throw error;
        });
        return true;
      }
      // The provider finds its own prefix as Express has it: the whole address beside the rest.
      provider.callback()(Object.assign(incoming, { originalUrl: url, url: inside }), outgoing);
      return true;
    },
    publicKey: () => keys().publicKey,
  };
}

import type { AccessToken } from '../http/authorize.ts';
import type { Wait } from './shared-wait.ts';
import type { TokenProvider } from './token-provider.ts';

/** Who asks for tokens. */
export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface ClientTokensOptions {
  /** The client as it stands now; asked for each token, so it answers from memory. */
  readonly client: () => OAuthClient;
  /** Makes the provider of one client's tokens. */
  readonly open: (client: OAuthClient) => TokenProvider;
}

/**
 * Tokens of a client whose id or secret may become another. From then on its tokens of before are served no more, and
 * whoever waits for one waits for one of the new client. Calls that have their token already keep it.
 */
export function createClientTokens({ client, open }: ClientTokensOptions): TokenProvider {
  let owner = client();
  let tokens = open(owner);
  let closed = false;

  const current = (): TokenProvider => {
    const next = client();
    if (closed || isSame(next, owner)) return tokens;
    // A request under way is given up: whoever waits for it asks again.
    void tokens.close();
    owner = next;
    tokens = open(owner);
    return tokens;
  };

  const get = (wait: Wait): AccessToken | Promise<AccessToken> => {
    const asked = current();
    const token = asked.get(wait);
    if (!(token instanceof Promise)) return token;
    return token.catch((error: unknown) => {
      if (current() === asked) throw error;
      return get(wait);
    });
  };

  const close = () => {
    closed = true;
    return tokens.close();
  };

  return {
    get,
    drop: (value) => tokens.drop(value),
    expiresAt: () => current().expiresAt(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function isSame(one: OAuthClient, other: OAuthClient): boolean {
  return one.clientId === other.clientId && one.clientSecret === other.clientSecret;
}

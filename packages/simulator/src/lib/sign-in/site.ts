/** What the OpenID provider and the platform know of the site whose guests sign in. */
export interface SignInSite {
  /** The site's client at the provider. Default `sim-site`. */
  readonly clientId: string;
  /** What the platform redeems codes with. Default `sim-site-secret`. */
  readonly clientSecret: string;
  /**
   * Where the provider sends guests back to: `https`, or `http` on a loopback address, where any port will do. Default
   * `http://127.0.0.1/callback` and `http://localhost/callback`.
   */
  readonly redirectUris: readonly string[];
  /** How long the platform's JWT of a signed-in guest is good. Default 900. */
  readonly jwtSeconds: number;
  /** How long a refresh token is good. Default 86,400. */
  readonly refreshTokenSeconds: number;
}

const defaults: SignInSite = {
  clientId: 'sim-site',
  clientSecret: 'sim-site-secret',
  redirectUris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
  jwtSeconds: 900,
  refreshTokenSeconds: 86_400,
};

const loopback = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Fills in the defaults. Throws a `TypeError` for an address guests cannot be sent back to, a `RangeError` for a span. */
export function resolveSignInSite(options: Partial<SignInSite>): SignInSite {
  const site = { ...defaults, ...options };
  const wrong = site.redirectUris.find((uri) => !isRedirectUri(uri));
  if (wrong !== undefined || site.redirectUris.length === 0) {
    throw new TypeError(
      'signIn.redirectUris must be https addresses, or http ones on this machine, without a fragment.',
    );
  }
  for (const name of ['jwtSeconds', 'refreshTokenSeconds'] as const) {
    if (!Number.isSafeInteger(site[name]) || site[name] <= 0) {
      throw new RangeError(`signIn.${name} must be a whole number above 0.`);
    }
  }
  return site;
}

function isRedirectUri(text: string): boolean {
  const uri = URL.parse(text);
  if (!uri || text.includes('#')) return false;
  return loopback.has(uri.hostname) ? uri.protocol === 'http:' : uri.protocol === 'https:';
}

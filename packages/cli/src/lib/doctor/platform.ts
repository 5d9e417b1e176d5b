import { type Clock, type ConfiguredOptions, tutorialGuestsPath, tutorialScope } from 'guestpass';
import { type Exchange, type HttpResponse, readJson, withDeadline } from 'guestpass/http';
import { type IssuedToken, isTokenRateLimit, requestClientCredentials } from 'guestpass/oauth';
import { type Check, type Finding, ok, problem, skipped, warning } from './check.ts';

export interface PlatformMeans {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const limitMs = 5_000;

/** A token, and what the endpoint said of it. */
interface Granted extends IssuedToken {
  readonly scope: string | undefined;
  readonly latencyMs: number;
}

/** The checks of an issuer that asks with a token: clock, token, guests path, rate. They share one token. */
export function restChecks(options: ConfiguredOptions, means: PlatformMeans): readonly Check[] {
  const account = createRateAccount();
  const exchange = withDeadline(account.watch(means.exchange), means);
  let granting: Promise<Granted> | undefined;
  const token = () => {
    granting ??= askForToken(options, { ...means, exchange });
    return granting;
  };
  let asking: Promise<HttpResponse> | undefined;
  const path = () => {
    asking ??= token().then((granted) => askForPath(options, granted, { ...means, exchange }));
    return asking;
  };
  return [
    clockCheck(options.environment.loginUrl, { ...means, exchange }),
    { name: 'token', limitMs: 2 * limitMs, look: async () => tellToken(await token(), scopeOf(options)) },
    {
      name: 'guests path',
      limitMs: 3 * limitMs,
      look: async () => ((await settled(token())) ? tellPath(await path(), options) : skipped('needs a token')),
    },
    {
      name: 'rate budget',
      limitMs: 3 * limitMs,
      look: async () => {
        return (await settled(path())) ? account.tell() : skipped('no call was answered');
      },
    },
  ];
}

async function settled(work: Promise<unknown>): Promise<boolean> {
  return await work.then(
    () => true,
    () => false,
  );
}

/** Webhooks are refused at five minutes, and consent from the future at one. */
const mostSkewMs = 60_000;
const noticedSkewMs = 5_000;

/** Does this machine's clock agree with the platform's `Date`? */
export function clockCheck(url: string, { exchange, clock, signal }: PlatformMeans): Check {
  return {
    name: 'clock',
    look: async () => {
      const sentAt = clock.monotonic();
      const { headers } = await exchange({ method: 'GET', url: `${url}/`, headers: {}, signal });
      const tookMs = clock.monotonic() - sentAt;
      const dateMs = Date.parse(headers.date ?? '');
      if (Number.isNaN(dateMs)) return warning('The platform tells no time.', 'Compare the clock with a time server.');
      // The header is cut to whole seconds.
      const skewMs = clock.now() - tookMs / 2 - (dateMs + 500);
      const shown = `${(Math.abs(skewMs) / 1_000).toFixed(1)} s`;
      if (Math.abs(skewMs) < noticedSkewMs) return ok(`agrees with the platform's within ${shown}`);
      const said = `This machine is ${shown} ${skewMs > 0 ? 'ahead of' : 'behind'} the platform.`;
      const fix = 'Let a time service set the clock: consent, signatures and tokens go by it.';
      return Math.abs(skewMs) < mostSkewMs ? warning(said, fix) : problem(said, fix);
    },
  };
}

function scopeOf({ scope, environment }: ConfiguredOptions): string {
  return scope ?? (environment.kind === 'genesys' ? '' : tutorialScope);
}

async function askForToken(options: ConfiguredOptions, { exchange, clock, signal }: PlatformMeans): Promise<Granted> {
  const { environment, clientId = '', clientSecret = '' } = options;
  let scope: string | undefined;
  const listening: Exchange = async (request) => {
    const answer = await exchange(request);
    scope = scopeIn(answer);
    return answer;
  };
  const startedAt = clock.monotonic();
  const client = { tokenUrl: `${environment.loginUrl}/oauth/token`, clientId, clientSecret, scope: scopeOf(options) };
  const issued = await requestClientCredentials(listening, client, { signal, deadlineAt: startedAt + limitMs });
  return { ...issued, scope, latencyMs: clock.monotonic() - startedAt };
}

/** Scopes that were granted (RFC 6749 section 5.1); those asked for when nothing is said. */
function scopeIn(answer: HttpResponse): string | undefined {
  try {
    const body: unknown = readJson(answer);
    const isObject = typeof body === 'object' && body !== null && 'scope' in body;
    return isObject && typeof body.scope === 'string' ? body.scope : undefined;
  } catch {
    return undefined;
  }
}

function tellToken({ lifetimeMs, latencyMs, scope }: Granted, asked: string): Finding {
  const facts = `issued in ${latencyMs.toFixed(1)} ms, good for ${Math.round(lifetimeMs / 60_000)} min`;
  const granted = new Set(scope?.split(' '));
  const missing = scope === undefined ? [] : asked.split(' ').filter((one) => one !== '' && !granted.has(one));
  if (missing.length > 0) {
    return problem(
      `${facts}, without the scope ${missing.join(' ')}.`,
      'Grant the client that scope, or change GUESTPASS_SCOPE.',
    );
  }
  return ok(`${facts}, scope ${scope ?? (asked || 'by the roles of the client')}`);
}

/** GET makes nothing: a path that takes guests answers it with 405. */
async function askForPath(
  { environment, guestsPath = tutorialGuestsPath }: ConfiguredOptions,
  { value }: Granted,
  { exchange, clock, signal }: PlatformMeans,
): Promise<HttpResponse> {
  return await exchange({
    method: 'GET',
    url: `${environment.apiUrl}${guestsPath}`,
    headers: { authorization: `Bearer ${value}`, accept: 'application/json' },
    signal,
    deadlineAt: clock.monotonic() + limitMs,
  });
}

function tellPath({ status, headers }: HttpResponse, { guestsPath = tutorialGuestsPath }: ConfiguredOptions): Finding {
  if (status === 404) {
    return problem(
      `${guestsPath} is not there (404).`,
      'Genesys Cloud publishes no such path: use GUESTPASS_ISSUER=web-messaging, or set GUESTPASS_GUESTS_PATH.',
    );
  }
  if (status === 401 || status === 403) {
    return problem(`${guestsPath} refuses the token (${status}).`, 'Give the client the permission and the scope.');
  }
  if (status === 405 && /\bPOST\b/.test(headers.allow ?? 'POST')) {
    return ok('is there: it answers 405 to GET, which makes no guest');
  }
  return warning(
    `${guestsPath} answers ${status} to GET, which does not tell whether guests may be posted.`,
    'Let one guest in: guestpass authenticate --dry-run shows what would be sent.',
  );
}

interface RateAccount {
  watch(exchange: Exchange): Exchange;
  tell(): Finding;
}

/** Keeps what the answers say of the calls a minute allows. */
function createRateAccount(): RateAccount {
  let refused = 0;
  let used: number | undefined;
  let allowed: number | undefined;
  return {
    watch: (exchange) => async (request) => {
      const answer = await exchange(request);
      if (answer.status === 429 || isTokenRateLimit(answer)) refused += 1;
      used = numberIn(answer, 'inin-ratelimit-count') ?? used;
      allowed = numberIn(answer, 'inin-ratelimit-allowed') ?? allowed;
      return answer;
    },
    tell() {
      if (refused > 0) {
        return warning('The platform answered 429: others use up the budget.', 'Lower GUESTPASS_REQUESTS_PER_MINUTE.');
      }
      if (used === undefined || allowed === undefined) return ok('no 429 was met; no answer told of a budget');
      return ok(`${used} of ${allowed} calls of this minute are used`);
    },
  };
}

function numberIn({ headers }: HttpResponse, name: string): number | undefined {
  const text = headers[name];
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

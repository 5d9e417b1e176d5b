import type { Context } from 'hono';
import type { AskedEnv } from '../asked.ts';
import { createBoundedMap } from '../bounded-map.ts';
import type { SimulatorClock } from '../clock.ts';
import type { Dialect } from './dialect.ts';

/** What the captcha providers know of the site. */
export interface CaptchaSite {
  readonly secret: string;
  readonly hostname: string;
  readonly action: string;
}

export interface SiteverifyEndpointOptions {
  readonly dialect: Dialect;
  readonly site: CaptchaSite;
  readonly clock: SimulatorClock;
  /** Called for each answer that passed for the first time. */
  readonly onPassed: () => void;
}

const answersRemembered = 10_000;

/** `POST /captcha/{provider}/siteverify`. What an answer is worth stands in it: see {@link scriptOf}. */
export function createSiteverifyEndpoint({ dialect, site, clock, onPassed }: SiteverifyEndpointOptions) {
  /** Answers seen, each with the idempotency key it came with. */
  const seen = createBoundedMap<string>(answersRemembered);

  const verdict = (form: URLSearchParams): object => {
    const secret = form.get('secret');
    if (!secret) return dialect.refused('missing-input-secret');
    if (secret !== site.secret) return dialect.refused('invalid-input-secret');
    const response = form.get('response');
    if (!response) return dialect.refused('missing-input-response');
    const key = dialect.idempotent ? (form.get('idempotency_key') ?? '') : '';
    if (key !== '' && !uuid.test(key)) return dialect.refused('bad-request');
    const script = response.length <= dialect.longestAnswer ? scriptOf(response) : undefined;
    if (script === 'expired') return dialect.refused(dialect.expired);
    if (script === undefined || script === 'rejected' || (script === 'low-score' && !dialect.scored)) {
      return dialect.refused('invalid-input-response');
    }
    const before = seen.get(response);
    if (before !== undefined && (key === '' || before !== key)) return dialect.refused(dialect.seen);
    seen.set(response, key);
    if (before === undefined) onPassed();
    const score = scores[script];
    const { hostname, action } = site;
    return dialect.passed({ solvedAt: clock.now(), hostname, action, ...(score !== undefined && { score }) });
  };

  return (c: Context<AskedEnv>): Response => {
    if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(c.req.header('content-type') ?? '')) {
      return Response.json(dialect.refused('bad-request'));
    }
    return Response.json(verdict(new URLSearchParams(new TextDecoder().decode(c.env.body))));
  };
}

type Script = 'ok' | 'checkbox' | 'low-score' | 'rejected' | 'expired';

/** `checkbox` passes without a score, as reCAPTCHA v2 does. */
const scores: Readonly<Partial<Record<Script, number>>> = { ok: 0.9, 'low-score': 0.1 };

/** `ok`, or `ok.` and anything, so that there are as many answers of a kind as a test needs. */
function scriptOf(response: string): Script | undefined {
  const [, script] = /^(ok|checkbox|low-score|rejected|expired)(?:\..*)?$/.exec(response) ?? [];
  // The expression lets these words through and no other.
  return script as Script | undefined;
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

import * as z from 'zod';
import type { HttpResponse } from '../http/exchange.ts';
import { JsonError, readJson } from '../http/json.ts';
import type { SiteverifyProvider } from './provider.ts';
import type { CaptchaUnavailable, CaptchaVerdict } from './verifier.ts';

/** What an answer must have been made for. */
export interface Expected {
  /** Sites whose answers count. Default any; then the provider's own list of domains decides alone. */
  readonly hostnames?: readonly string[] | undefined;
  /** Actions whose answers count. Default any. An answer without an action is then refused. */
  readonly actions?: readonly string[] | undefined;
}

/** A verdict, and whether it leaves open what the provider did with the answer. */
export interface Reading {
  readonly verdict: CaptchaVerdict;
  readonly unclear: boolean;
}

/** Nothing is taken for true, for a number or for a text that is not one. */
const replySchema = z.object({
  success: z.boolean(),
  'error-codes': z.array(z.string()).nullish(),
  score: z.number().min(0).max(1).nullish(),
  hostname: z.string().max(253).nullish(),
  action: z.string().max(100).nullish(),
});

type Reply = z.infer<typeof replySchema>;

/** Reads what a provider says of an answer. Whatever is not plainly a verdict is none. */
export function processSiteverify(response: HttpResponse, provider: SiteverifyProvider, expected: Expected): Reading {
  const { status } = response;
  if (status >= 500) return unavailable('provider_error', { failure: `http_${status}`, unclear: true });
  if (status !== 200 && status !== 400) return unavailable('provider_error', { failure: `http_${status}` });
  const reply = readReply(response);
  if (!reply || (reply.success && status !== 200)) return unavailable('answer_invalid', { unclear: status === 200 });
  if (!reply.success) return refusal(new Set(reply['error-codes']));
  return { verdict: vouched(reply, provider, expected), unclear: false };
}

function readReply(response: HttpResponse): Reply | undefined {
  try {
    return replySchema.safeParse(readJson(response)).data;
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

/** A fault of ours or of the provider is never laid at the visitor's door. */
function refusal(codes: ReadonlySet<string>): Reading {
  const named = (...names: string[]) => names.some((name) => codes.has(name));
  if (named('missing-input-secret', 'invalid-input-secret', 'sitekey-secret-mismatch', 'invalid-keys')) {
    return unavailable('secret_refused', {});
  }
  if (named('internal-error')) return unavailable('provider_error', { failure: 'internal-error', unclear: true });
  if (named('bad-request')) return unavailable('request_refused', {});
  if (named('already-seen-response')) return { verdict: { verdict: 'reused' }, unclear: false };
  const expired = named('timeout-or-duplicate', 'expired-input-response');
  return { verdict: { verdict: 'rejected', reason: expired ? 'expired' : 'invalid' }, unclear: false };
}

function vouched(reply: Reply, provider: SiteverifyProvider, { hostnames, actions }: Expected): CaptchaVerdict {
  const { hostname, action, score } = reply;
  if (hostnames && !(hostname && hostnames.includes(hostname)))
    return { verdict: 'rejected', reason: 'wrong_hostname' };
  if (actions && !(action && actions.includes(action))) return { verdict: 'rejected', reason: 'wrong_action' };
  return {
    verdict: 'passed',
    score: typeof score === 'number' ? provider.score(score) : null,
    ...(hostname && { hostname }),
    ...(action && { action }),
  };
}

function unavailable(
  reason: CaptchaUnavailable['reason'],
  { failure, unclear = false }: { readonly failure?: string; readonly unclear?: boolean },
): Reading {
  return { verdict: { verdict: 'unavailable', reason, ...(failure !== undefined && { failure }) }, unclear };
}

import type { GuestpassError } from 'guestpass';
import type { RateAnswer } from '../http/rate-limits.ts';

type Outcome<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly error: GuestpassError };

/** What was read, or the reason why not as an error. */
export function orThrow<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error;
  return outcome;
}

/** Throws the reason to refuse, where there is one. */
export function refuseIf(error: GuestpassError | undefined): void {
  if (error) throw error;
}

/** Puts what the limits say into the headers of the answer, and returns their reason to refuse. */
export async function paced(answer: Promise<RateAnswer>, headers: Headers): Promise<GuestpassError | undefined> {
  const { refusal, headers: fields } = await answer;
  for (const [name, value] of Object.entries(fields)) headers.set(name, value);
  return refusal;
}

/** The answer with further headers. */
export function withHeaders(response: Response, headers: Headers): Response {
  for (const [name, value] of headers) response.headers.append(name, value);
  return response;
}

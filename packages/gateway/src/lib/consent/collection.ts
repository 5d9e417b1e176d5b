import { browserFamily } from './browser-family.ts';
import { pagePath } from './page-path.ts';

/** Where a consent was given, and by what, as coarse as it is still evidence. */
export interface Collection {
  /** Of the website; `null` when the request names none. */
  readonly origin: string | null;
  /** The path of the page, without query; `null` when the request does not tell it. */
  readonly page: string | null;
  /** The family of the browser; `null` when the request does not say. */
  readonly browser: string | null;
  /** The /24 or /48 around the address; `null` when it has none. */
  readonly network: string | null;
}

/** Of a caller that says nothing. */
export const nowhere: Collection = { origin: null, page: null, browser: null, network: null };

/** Reads what the headers of a request tell, and forgets the rest; `network` is the one it came from. */
export function collectionOf(headers: Pick<Headers, 'get'>, network: string | null): Collection {
  const origin = headers.get('origin');
  return {
    origin,
    page: pagePath(headers.get('referer'), origin),
    browser: browserFamily(headers.get('user-agent')),
    network,
  };
}

const longestPath = 256;

/**
 * The path of the page that asks, from its `Referer` (RFC 9110): without query and fragment, at most 256 characters.
 * `null` when it is of another origin than the request, or tells the origin alone, as browsers do across origins unless
 * the website asks for more.
 */
export function pagePath(referer: string | null, origin: string | null): string | null {
  const url = referer !== null && referer.length <= 8_192 ? URL.parse(referer) : null;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return null;
  if (url.pathname === '/' || (origin !== null && url.origin !== origin.toLowerCase())) return null;
  return url.pathname.slice(0, longestPath);
}

const longestPath = 256;

/**
 * The path of the page that asks, from its `Referer` (RFC 9110): without query and fragment, at most 256 characters.
 * `null` when it is of another origin than the request, or tells the origin alone, as browsers do across origins unless
 * the website asks for more.
 */
export function pagePath(referer: string | null, origin: string | null): string | null {
  if (referer === null || referer.length > 8_192 || !URL.canParse(referer)) return null;
  const { origin: of, pathname, protocol } = new URL(referer);
  if (protocol !== 'https:' && protocol !== 'http:') return null;
  if (pathname === '/' || (origin !== null && of !== origin.toLowerCase())) return null;
  return pathname.slice(0, longestPath);
}

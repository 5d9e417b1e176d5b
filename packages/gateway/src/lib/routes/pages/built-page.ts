import { createPage, html } from '../../openapi/page.ts';
import type { Site, SiteFile } from './site.ts';

export interface BuiltPageOptions {
  readonly site: Site;
  /** Where the page is, such as `/console`. */
  readonly at: string;
  /** What the page may load and reach. */
  readonly contentSecurityPolicy: string;
}

/** What is looked at of a request. */
export type PageRequest = Pick<Request, 'url' | 'headers'>;

/**
 * Answers a page and its files. Addresses below the page that name no file are views of it, and answered with the page.
 */
export function createBuiltPage({ site, at, contentSecurityPolicy }: BuiltPageOptions) {
  return async (request: PageRequest): Promise<Response> => {
    const path = new URL(request.url).pathname.slice(at.length + 1);
    if (path.startsWith('assets/')) return answerFile(await site.file(path), request);
    const page = await site.page();
    if (!page) return notBuilt();
    const response = answerFile(page, request);
    response.headers.set('Content-Security-Policy', contentSecurityPolicy);
    return response;
  };
}

function answerFile(file: SiteFile | undefined, { headers: asked }: PageRequest): Response {
  if (!file)
    return new Response('There is no such file.\n', { status: 404, headers: { 'Content-Type': 'text/plain' } });
  const { contentType, etag, immutable, bytes, gzipped } = file;
  const headers = new Headers({
    'Cache-Control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    ETag: etag,
    Vary: 'Accept-Encoding',
  });
  if (knows(asked.get('if-none-match'), etag)) return new Response(null, { status: 304, headers });
  headers.set('Content-Type', contentType);
  const packed = /\bgzip\b/.test(asked.get('accept-encoding') ?? '') ? gzipped : undefined;
  if (packed) headers.set('Content-Encoding', 'gzip');
  return new Response(packed ?? bytes, { headers });
}

/** RFC 9110, section 13.1.2. */
function knows(given: string | null, etag: string): boolean {
  if (given === null) return false;
  return given.split(',').some((one) => one.trim().replace(/^W\//, '') === etag || one.trim() === '*');
}

function notBuilt(): Response {
  const body = html`<main><h1>This page was not built</h1>
<p>In a clone of the project, <code>node scripts/build-console.mjs</code> builds it; <code>npm start</code> and <code>npm test</code> do so by themselves.</p></main>`;
  const page = createPage('Not built', body);
  return new Response(page.html, {
    status: 404,
    headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': page.contentSecurityPolicy },
  });
}

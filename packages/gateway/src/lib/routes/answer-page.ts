import type { Page } from '../openapi/page.ts';

/** The answer that is a page. */
export function answerPage({ html, contentSecurityPolicy }: Page, status = 200): Response {
  const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': contentSecurityPolicy };
  return new Response(html, { status, headers });
}

import { createBuiltPage, type PageRequest } from './built-page.ts';
import { consolePolicy } from './page-policy.ts';
import { createSite, siteDirectory } from './site.ts';

/** A path as Hono takes it, and what answers it. */
export type PageRoute = readonly [path: string, answer: (request: PageRequest) => Response | Promise<Response>];

/** The operator console. It needs no token itself; each answer it asks for does. */
export function createConsolePage(): readonly PageRoute[] {
  const site = createSite(siteDirectory('console'));
  const page = createBuiltPage({ site, at: '/console', contentSecurityPolicy: consolePolicy });
  return [
    ['/console', page],
    ['/console/*', page],
  ];
}

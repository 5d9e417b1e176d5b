import { hash } from 'node:crypto';
import type { PlatformHosts } from 'guestpass';
import { createBuiltPage } from './built-page.ts';
import type { PageRoute } from './console-page.ts';
import { guestPolicy } from './page-policy.ts';
import { createSite, siteDirectory } from './site.ts';

export interface GuestPageOptions {
  /** Where guests talk. */
  readonly platform: PlatformHosts;
  /** What visitors consent to. Default a text that names what is kept. */
  readonly notice?: string | undefined;
  /** The channel of a visitor whose address names none. Default none. */
  readonly channelId?: string | undefined;
}

/** What the guest page needs to know of this gateway. */
export interface GuestPageConfig {
  readonly channelId: string | null;
  /** The version is the hash of the text, so that the record of a consent tells to what it was given. */
  readonly notice: { readonly text: string; readonly version: string };
}

const usualNotice =
  'To answer you, we process what you write and send in this chat, together with the time of your consent. ' +
  'We keep a record that you agreed. You may end the chat at any time, and ask us to erase your data.';

/** The page a visitor can be let in on and chat on, without a website around it. */
export function createGuestPage({ platform, notice = usualNotice, channelId }: GuestPageOptions): readonly PageRoute[] {
  const site = createSite(siteDirectory('guest'));
  const page = createBuiltPage({ site, at: '/guest', contentSecurityPolicy: guestPolicy(platform) });
  const version = `sha256-${hash('sha256', notice, 'hex').slice(0, 16)}`;
  const config: GuestPageConfig = { channelId: channelId ?? null, notice: { text: notice, version } };
  return [
    ['/guest', page],
    ['/guest/config.json', () => Response.json(config)],
    ['/guest/*', page],
  ];
}

import { hash } from 'node:crypto';
import type { PlatformHosts } from 'guestpass';
import type { ConsentNotice } from '../../settings/consent-notices.ts';
import { createBuiltPage } from './built-page.ts';
import type { PageRoute } from './console-page.ts';
import { guestPolicy } from './page-policy.ts';
import { createSite, siteDirectory } from './site.ts';

export interface GuestPageOptions {
  /** Where guests talk. */
  readonly platform: PlatformHosts;
  /** What visitors consent to. Default a text that names what is kept. */
  readonly notice?: string | undefined;
  /** The first of these that has a text and is for the visitor's channel takes the place of `notice`. Default none. */
  readonly notices?: readonly ConsentNotice[] | undefined;
  /** The channel of a visitor whose address names none. Default none. */
  readonly channelId?: string | undefined;
}

/** What the guest page needs to know of this gateway. */
export interface GuestPageConfig {
  readonly channelId: string | null;
  /** Without configured notices the version is the hash of the text, so that the record of a consent tells to what it was given. */
  readonly notice: { readonly text: string; readonly version: string; readonly language?: string };
}

const usualNotice =
  'To answer you, we process what you write and send in this chat, together with the time of your consent. ' +
  'We keep a record that you agreed. You may end the chat at any time, and ask us to erase your data.';

/** The page a visitor can be let in on and chat on, without a website around it. */
export function createGuestPage(options: GuestPageOptions): readonly PageRoute[] {
  const { platform, channelId } = options;
  const site = createSite(siteDirectory('guest'));
  const page = createBuiltPage({ site, at: '/guest', contentSecurityPolicy: guestPolicy(platform) });
  const configFor = (asked: string | null): GuestPageConfig => ({
    channelId: channelId ?? null,
    notice: noticeOf({ ...options, channelId: asked ?? channelId }),
  });
  return [
    ['/guest', page],
    ['/guest/config.json', ({ url }) => Response.json(configFor(new URL(url).searchParams.get('channel')))],
    ['/guest/*', page],
  ];
}

function noticeOf({ notice = usualNotice, notices = [], channelId = '' }: GuestPageOptions): GuestPageConfig['notice'] {
  const shown = notices.find(({ text, channels }) => text !== undefined && (channels?.includes(channelId) ?? true));
  if (shown?.text !== undefined) return { text: shown.text, version: shown.version, language: shown.language };
  return { text: notice, version: `sha256-${hash('sha256', notice, 'hex').slice(0, 16)}` };
}

import type { GuestPayload } from 'guestpass';
import type { ConsentNotice } from '../settings/consent-notices.ts';

/** Which channel, and which notice the guest says it was. */
export type Asked = Pick<GuestPayload, 'channelId' | 'consent'>;

export interface NoticeChoice {
  /** True when some notice is for this channel; where none is, nobody asks which one it was. */
  covers(channelId: string): boolean;
  /** The notice of this version and language for the channel; `undefined` when there is none. */
  choose(asked: Asked): ConsentNotice | undefined;
}

/**
 * The language may be narrower than that of the notice: `en-US` finds `en` where there is no `en-US` (RFC 4647, lookup,
 * without a default: nobody is said to have read a language that was not shown). Without a language the version alone
 * chooses, where it has one language only.
 */
export function createNoticeChoice(notices: readonly ConsentNotice[]): NoticeChoice {
  const forAll = notices.filter(({ channels }) => channels === undefined);
  const channels = new Set(notices.flatMap((notice) => notice.channels ?? []));
  const byChannel = new Map(
    [...channels].map((id) => [id, notices.filter((notice) => !notice.channels || notice.channels.includes(id))]),
  );
  const ofChannel = (channelId: string) => byChannel.get(channelId) ?? forAll;
  return {
    covers: (channelId) => ofChannel(channelId).length > 0,
    choose({ channelId, consent: { noticeVersion, language } }) {
      const ofVersion = ofChannel(channelId).filter(({ version }) => version === noticeVersion);
      if (language === undefined) return ofVersion.length === 1 ? ofVersion[0] : undefined;
      for (let range: string | undefined = language.toLowerCase(); range; range = truncated(range)) {
        const found = ofVersion.find((notice) => notice.language.toLowerCase() === range);
        if (found) return found;
      }
      return undefined;
    },
  };
}

/** One subtag less, and no single letter at the end. */
function truncated(range: string): string | undefined {
  const subtags = range.split('-').slice(0, -1);
  if (subtags.at(-1)?.length === 1) subtags.pop();
  return subtags.length === 0 ? undefined : subtags.join('-');
}

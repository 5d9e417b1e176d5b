import type { LoadedConfig } from '../settings/load-config.ts';
import type { Told } from './tell-attempt.ts';

/** What would have let a refused guest in. */
export function hintsOf(attempt: Told['attempt'], config: LoadedConfig): NonNullable<Told['hints']> {
  if (attempt.outcome !== 'refused') return [];
  const { code, faults } = attempt.error;
  const { allowedChannels } = config.values;
  if (code === 'channel_not_allowed' && allowedChannels) {
    return [['Allowed', `${allowedChannels.join(', ')}   (from ${config.originOf('allowedChannels')})`]];
  }
  if (code === 'consent_required')
    return [['Consent', 'give --consent when the guest accepted, or `consent` in the payload']];
  if (faults.some(({ pointer, detail }) => pointer === '/signIn' && detail.startsWith('is required'))) {
    return [['Sign-in', 'give --sign-in-file, or `signIn` in the payload']];
  }
  const noChannel = attempt.channelId === null && faults.some(({ pointer }) => pointer === '/channelId');
  return noChannel ? [['Channel', 'give --channel, or set GUESTPASS_CHANNEL_ID or WEBMSG_CHANNEL_ID']] : [];
}

import { GuestpassError } from '../errors.ts';

/** The reason to refuse, or `undefined` when the channel is known, or when no list is kept. */
export function refuseChannel(
  channelId: string,
  allowedChannels: ReadonlySet<string> | undefined,
): GuestpassError | undefined {
  if (!allowedChannels || allowedChannels.has(channelId)) return undefined;
  return new GuestpassError('channel_not_allowed', 'The channel is not among the allowed channels.');
}

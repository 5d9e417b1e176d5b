import { defaultChannels, type ListenOptions, type SimulatorOptions } from '@guestpass/simulator';
import { misuse } from '../terminal/misuse.ts';
import type { OutputFlags } from '../terminal/output.ts';

export interface SimulateFlags extends OutputFlags {
  readonly port: number;
  readonly strictPort?: boolean;
  readonly host: string;
  readonly tls?: boolean;
  readonly tlsDirectory?: string;
  readonly tlsName?: readonly string[];
  readonly seed?: string;
  readonly channel?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly signIn?: readonly string[];
  readonly redirectUri?: readonly string[];
  readonly bot: 'echo' | 'none';
  readonly requestsPerMinute: number;
}

/** The options of a simulator that flags stand for. */
export type ChosenOptions = Pick<Required<SimulatorOptions>, 'bot' | 'channels' | 'deployments' | 'requestsPerMinute'> &
  Pick<SimulatorOptions, 'seed' | 'signIn'>;

/** Turns flags into options. Throws a `GuestpassError` for a channel that is not there. */
export function simulatorOptions(flags: SimulateFlags): ChosenOptions {
  const { seed, channel = [], allowOrigin, signIn = [], redirectUri, bot, requestsPerMinute } = flags;
  const active = channel.map((id) => [id, 'active'] as const);
  const channels = { ...defaultChannels, ...Object.fromEntries(active) };
  const stranger = signIn.find((id) => !Object.hasOwn(channels, id));
  if (stranger !== undefined) {
    throw misuse('--sign-in', `there is no channel ${stranger}`, 'Name one of the channels, or add it with --channel.');
  }
  const deployments = Object.keys(channels).map((id) => [
    id,
    {
      ...(allowOrigin && { allowedOrigins: allowOrigin }),
      ...(signIn.includes(id) && { auth: { allowSessionUpgrade: true } }),
    },
  ]);
  return {
    bot,
    channels,
    requestsPerMinute,
    deployments: Object.fromEntries(deployments),
    ...(seed !== undefined && { seed }),
    ...(redirectUri && { signIn: { redirectUris: redirectUri } }),
  };
}

/** Whether the port speaks TLS, and how. */
export function tlsOptions({ tls = false, tlsDirectory, tlsName }: SimulateFlags): NonNullable<ListenOptions['tls']> {
  if (!tls && tlsDirectory === undefined && !tlsName) return false;
  return { directory: tlsDirectory ?? '.guestpass/tls', names: tlsName ?? [] };
}

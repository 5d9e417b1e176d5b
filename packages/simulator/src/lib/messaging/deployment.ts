import type { ChannelStatus } from '../guests/guests-endpoint.ts';

/** How one channel appears as a deployment of the messenger. */
export interface DeploymentOptions {
  /** A second id of the same channel, such as a UUID. Default: none. */
  readonly alias?: string;
  /**
   * Who may open sockets and read history from a browser: whole origins (`https://shop.example`), or host names, which
   * stand for every scheme and port. With a list, a socket without `Origin` is refused. Default: everybody.
   */
  readonly allowedOrigins?: readonly string[];
  /** Asks clients to begin a new session with a Presence Join; the simulator does not send it. Default `false`. */
  readonly autoStart?: boolean;
  /**
   * What follows when an agent or the guest ends the conversation. `ReadOnly`: guests are told, and may only read.
   * `Send`: they are told, and may write on. `off`: they are not told. Default `ReadOnly`.
   */
  readonly conversationDisconnect?: 'ReadOnly' | 'Send' | 'off';
  /** Whether guests may clear the conversation. Default `true`. */
  readonly conversationClear?: boolean;
  /** Whether guests may send files. Default `true`. */
  readonly attachments?: boolean;
  /** Types of the files guests may send, such as `image/png` or `image/*`. Default: all. */
  readonly fileTypes?: readonly string[];
  /** Endings of file names that are refused, with the dot, in lower case. Default `.ade`, `.adp`, `.bat`, `.exe`. */
  readonly blockedExtensions?: readonly string[];
  /** Lets guests sign in. Default: none may. */
  readonly auth?: AuthOptions;
}

/** How guests of a deployment sign in. */
export interface AuthOptions {
  /** Whether a guest who talks already may sign in and keep the conversation. Default `false`. */
  readonly allowSessionUpgrade?: boolean;
  /** Whether guests who have not signed in may send messages. Default: as `allowSessionUpgrade`. */
  readonly anonymousMaySend?: boolean;
}

/** A deployment with its defaults filled in. */
export interface Deployment {
  readonly id: string;
  readonly alias: string | undefined;
  readonly status: ChannelStatus;
  /** `undefined` lets everybody in. */
  readonly allowedOrigins: readonly string[] | undefined;
  readonly autoStart: boolean;
  readonly conversationDisconnect: 'ReadOnly' | 'Send' | 'off';
  readonly conversationClear: boolean;
  readonly attachments: boolean;
  readonly fileTypes: readonly string[];
  readonly blockedExtensions: readonly string[];
  /** `undefined` offers no signing in. */
  readonly auth: Required<AuthOptions> | undefined;
}

/** The deployments by id and by alias. */
export type Deployments = ReadonlyMap<string, Deployment>;

/**
 * Makes a deployment of every channel. Throws a `TypeError` for options of a channel that is not there, and for an alias
 * that names two.
 */
export function resolveDeployments(
  channels: Readonly<Record<string, ChannelStatus>>,
  options: Readonly<Record<string, DeploymentOptions>>,
): Deployments {
  const stranger = Object.keys(options).find((id) => !Object.hasOwn(channels, id));
  if (stranger !== undefined) throw new TypeError(`deployments: there is no channel ${JSON.stringify(stranger)}.`);
  const known = new Map<string, Deployment>();
  for (const [id, status] of Object.entries(channels)) known.set(id, resolve(id, status, options[id] ?? {}));
  for (const deployment of [...known.values()]) {
    if (deployment.alias === undefined) continue;
    if (known.has(deployment.alias)) {
      throw new TypeError(`deployments: the alias ${JSON.stringify(deployment.alias)} is the id of another.`);
    }
    known.set(deployment.alias, deployment);
  }
  return known;
}

/** Whether a page of this origin may talk to the deployment. */
export function allowsOrigin({ allowedOrigins }: Deployment, origin: string | undefined): boolean {
  if (!allowedOrigins) return true;
  if (origin === undefined) return false;
  return allowedOrigins.some((allowed) => allowed === origin || allowed === hostOf(origin));
}

function resolve(id: string, status: ChannelStatus, options: DeploymentOptions): Deployment {
  return {
    id,
    alias: options.alias,
    status,
    allowedOrigins: options.allowedOrigins,
    autoStart: options.autoStart ?? false,
    conversationDisconnect: options.conversationDisconnect ?? 'ReadOnly',
    conversationClear: options.conversationClear ?? true,
    attachments: options.attachments ?? true,
    fileTypes: options.fileTypes ?? ['*/*'],
    blockedExtensions: options.blockedExtensions ?? ['.ade', '.adp', '.bat', '.exe'],
    auth: options.auth && resolveAuth(options.auth),
  };
}

function resolveAuth({ allowSessionUpgrade = false, anonymousMaySend = allowSessionUpgrade }: AuthOptions) {
  return { allowSessionUpgrade, anonymousMaySend };
}

function hostOf(origin: string): string | undefined {
  return URL.parse(origin)?.hostname;
}

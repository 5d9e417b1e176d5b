import { Hono } from 'hono';
import { type ApiError, apiErrorFor, apiErrorResponse } from '../api-error.ts';
import { type AskedEnv, historyPath, messagingPath } from '../asked.ts';
import type { SimulatorClock } from '../clock.ts';
import type { FaultScript } from '../faults/faults.ts';
import { createRandom } from '../random.ts';
import { createRateWindows } from '../rate-window.ts';
import type { Action } from './action.ts';
import { createDeleteAttachment, createGetAttachment, createOnAttachment } from './attachment-actions.ts';
import { type Attachments, createAttachments } from './attachments.ts';
import { type Bot, createBot } from './bot.ts';
import { createConfigEndpoint } from './config-endpoint.ts';
import { createClose, createConfigure, createGetConfiguration } from './configure.ts';
import { type Authenticate, createConfigureAuthenticated } from './configure-authenticated.ts';
import { type AgentConsole, createAgentConsole } from './console.ts';
import { createPreflight } from './cross-origin.ts';
import { allowsOrigin, type Deployments } from './deployment.ts';
import { createFileAddresses, type FileAddresses, filesPath } from './file-addresses.ts';
import { createFilesEndpoint } from './files-endpoint.ts';
import { createDisconnectCustomer, createOnMessage } from './guest-message.ts';
import { createHandle } from './handle.ts';
import { createHistoryEndpoint } from './history-endpoint.ts';
import type { MessagingLimits } from './limits.ts';
import { createEcho, createGetJwt, createResumeToken } from './session-actions.ts';
import { createSessions, type Reservation, type Sessions } from './sessions.ts';
import { createShortTokens, type ShortTokens } from './short-tokens.ts';
import { createSockets, type Sockets } from './sockets.ts';
import { createRender, type Render } from './structured-message.ts';
import { createTimers, type Timers } from './timers.ts';

/** What the messaging plane did since it was made. */
export interface MessagingCounts {
  readonly sessionsStarted: number;
  readonly openSockets: number;
}

/** The messaging plane: sockets at `/v1`, history, files and deployment configurations over HTTP. */
export interface Messaging {
  readonly app: Hono<AskedEnv>;
  readonly sockets: Sockets;
  readonly console: AgentConsole;
  counts(): MessagingCounts;
  /** Tells every connection of an account at a deployment that it is signed out. */
  logOut(who: { readonly account: string; readonly deploymentId: string }): void;
  /** Breaks every connection and takes back every timer. */
  end(): void;
}

export interface MessagingOptions {
  readonly clock: SimulatorClock;
  readonly seed: string;
  readonly deployments: Deployments;
  readonly limits: MessagingLimits;
  readonly sessionLifetimeSeconds: number;
  readonly bot: Bot;
  readonly botDelayMs: number;
  readonly messagingUrl: string | undefined;
}

/** What comes from elsewhere in the simulator. */
export interface MessagingNeighbors {
  readonly faults: FaultScript;
  /** What a token given out over REST is good for. */
  readonly reservation: (token: string) => Reservation | undefined;
  readonly authenticate: Authenticate;
}

export function createMessaging(options: MessagingOptions, neighbors: MessagingNeighbors): Messaging {
  const { faults, reservation, authenticate } = neighbors;
  const parts = createParts(options, reservation);
  const { timers, sessions, attachments, render, random } = parts;
  const { limits, deployments } = options;
  const perMinute = (allowed: number) => createRateWindows(timers, allowed);
  const handle = createHandle(createActions(options, parts, authenticate), perMinute(limits.requestsPerMinute));
  const rates = perMinute(limits.connectionsPerMinute);
  const sockets = createSockets({ deployments, rates, timers, random: random('connections'), faults, handle });
  return {
    app: createApp(options, parts),
    sockets,
    console: createAgentConsole({ sessions, attachments, render, replyLength: limits.replyLength }),
    counts: () => ({ sessionsStarted: sessions.started, openSockets: sockets.size }),
    logOut({ account, deploymentId }) {
      const deployment = deployments.get(deploymentId);
      if (deployment) sessions.ofAccount(deployment, account)?.logOut();
    },
    end() {
      sockets.drop();
      timers.end();
    },
  };
}

interface Parts {
  readonly timers: Timers;
  readonly addresses: FileAddresses;
  readonly attachments: Attachments;
  readonly shortTokens: ShortTokens;
  readonly render: Render;
  readonly sessions: Sessions;
  readonly random: (stream: string) => ReturnType<typeof createRandom>;
}

function createParts(options: MessagingOptions, reservation: MessagingNeighbors['reservation']): Parts {
  const { clock, seed, deployments, limits, sessionLifetimeSeconds } = options;
  const random = (stream: string) => createRandom(seed, `messaging ${stream}`);
  const timers = createTimers(clock);
  const addresses = createFileAddresses({
    clock,
    random: random('addresses'),
    goodForSeconds: limits.fileAddressSeconds,
  });
  const bytesMax = limits.fileKilobytes * 1024;
  const attachments = createAttachments({ clock, random: random('attachments'), addresses, bytesMax });
  const render = createRender(attachments.describe);
  const sessions = createSessions({
    clock: timers,
    random: random('sessions'),
    render,
    lifetimeMs: sessionLifetimeSeconds * 1000,
    connectionsMax: limits.connectionsPerSession,
    reservation,
    deploymentOf: (id) => deployments.get(id),
  });
  const shortTokens = createShortTokens({ clock, random: random('tokens'), goodForSeconds: limits.shortTokenSeconds });
  return { timers, addresses, attachments, shortTokens, render, sessions, random };
}

function createActions(
  options: MessagingOptions,
  parts: Parts,
  authenticate: Authenticate,
): Readonly<Record<string, Action>> {
  const { limits, deployments, bot, botDelayMs: delayMs, sessionLifetimeSeconds: lifetimeSeconds } = options;
  const { timers, addresses, attachments, shortTokens, sessions, random } = parts;
  const perMinute = (allowed: number) => createRateWindows(timers, allowed);
  const configureRates = perMinute(limits.configuresPerMinute);
  const configure = { deployments, sessions, shortTokens, limits, rates: configureRates, lifetimeSeconds };
  const files = { attachments, addresses, limits };
  const hear = createBot({ bot, delayMs, replyLength: limits.replyLength, attachments, timers });
  const messageRates = createRateWindows(timers, limits.messagesPerSecond, 1000);
  const echoRates = perMinute(limits.echoesPerMinute);
  return {
    configureSession: createConfigure(configure),
    configureAuthenticatedSession: createConfigureAuthenticated({ ...configure, authenticate }),
    onMessage: createOnMessage({ limits, rates: messageRates, attachments, hear }),
    closeSession: createClose(configure),
    echo: createEcho({ clock: timers, random: random('echoes'), rates: echoRates, lifetimeSeconds }),
    getJwt: createGetJwt(shortTokens),
    getConfiguration: createGetConfiguration(configure),
    onAttachment: createOnAttachment(files),
    getAttachment: createGetAttachment(files),
    deleteAttachment: createDeleteAttachment(files),
    disconnectCustomer: createDisconnectCustomer(),
    resumeToken: createResumeToken(shortTokens),
  };
}

const configPath = '/webdeployments/v1/deployments/:deploymentId/config.json';

function createApp(options: MessagingOptions, parts: Parts): Hono<AskedEnv> {
  const { limits, deployments, sessionLifetimeSeconds: lifetimeSeconds, messagingUrl } = options;
  const { timers: clock, addresses, attachments, shortTokens, render, sessions } = parts;
  const rates = createRateWindows(clock, limits.historyRequestsPerMinute);
  const historyOptions = { clock, sessions, shortTokens, render, rates, historyDays: limits.historyDays };
  const files = createFilesEndpoint({ clock, addresses, attachments, sessions });
  const filePath = `${filesPath}/:attachmentId`;
  const isWelcome = (origin: string) =>
    [...deployments.values()].some((deployment) => allowsOrigin(deployment, origin));
  const app = new Hono<AskedEnv>();
  app.get(historyPath, createHistoryEndpoint(historyOptions));
  app.get(configPath, createConfigEndpoint({ deployments, limits, lifetimeSeconds, messagingUrl }));
  app.get(filePath, files);
  app.put(filePath, files);
  for (const path of [historyPath, filePath]) app.options(path, createPreflight(isWelcome));
  app.get(messagingPath, (c) => apiErrorResponse(upgradeRequired, c.env.correlationId));
  for (const [path, allow] of [
    [historyPath, 'GET, HEAD, OPTIONS'],
    [configPath, 'GET, HEAD'],
    [filePath, 'GET, HEAD, PUT, OPTIONS'],
    [messagingPath, 'GET'],
  ] as const) {
    app.all(path, (c) => apiErrorResponse({ ...apiErrorFor(405), headers: { Allow: allow } }, c.env.correlationId));
  }
  return app;
}

const upgradeRequired: ApiError = {
  status: 426,
  code: 'bad.request',
  message: 'Open a WebSocket here.',
  headers: { Upgrade: 'websocket', Connection: 'Upgrade' },
};

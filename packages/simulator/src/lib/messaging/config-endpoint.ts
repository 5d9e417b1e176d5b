import type { Context } from 'hono';
import { apiErrorFor, apiErrorResponse } from '../api-error.ts';
import type { AskedEnv } from '../asked.ts';
import type { Deployment, Deployments } from './deployment.ts';
import type { MessagingLimits } from './limits.ts';

export interface ConfigEndpointOptions {
  readonly deployments: Deployments;
  readonly limits: MessagingLimits;
  readonly lifetimeSeconds: number;
  /** Where sockets are opened; this host when absent. */
  readonly messagingUrl: string | undefined;
}

/** `GET /webdeployments/v1/deployments/{id}/config.json`: public, for every origin. */
export function createConfigEndpoint(options: ConfigEndpointOptions) {
  return (c: Context<AskedEnv>): Response => {
    const id = c.req.param('deploymentId') ?? '';
    const deployment = options.deployments.get(id);
    if (!deployment) return apiErrorResponse(apiErrorFor(404), c.env.correlationId);
    const { origin } = new URL(c.req.url);
    const config = configOf(deployment, { ...options, id, origin });
    return Response.json(config, { headers: { 'Access-Control-Allow-Origin': '*' } });
  };
}

interface Place extends ConfigEndpointOptions {
  /** As it was asked for: the id or the alias. */
  readonly id: string;
  readonly origin: string;
}

function configOf(deployment: Deployment, { id, origin, limits, lifetimeSeconds, messagingUrl }: Place) {
  const { attachments, fileTypes, conversationDisconnect, auth } = deployment;
  const conversations = {
    messagingEndpoint: messagingUrl?.replace(/\/v1$/, '') ?? origin.replace(/^http/, 'ws'),
    showAgentTypingIndicator: true,
    showUserTypingIndicator: true,
    autoStart: { enabled: deployment.autoStart },
    conversationDisconnect: {
      enabled: conversationDisconnect !== 'off',
      ...(conversationDisconnect !== 'off' && { type: conversationDisconnect }),
    },
    conversationClear: { enabled: deployment.conversationClear },
    notifications: { enabled: false, notificationContentType: 'ExcludeMessagesContent' },
    markdown: { enabled: false },
    humanize: { enabled: false },
    sessionDurationSeconds: lifetimeSeconds,
  };
  const modes = attachments ? [{ fileTypes, maxFileSizeKB: limits.fileKilobytes }] : [];
  return {
    id,
    version: '1',
    languages: ['en-us'],
    defaultLanguage: 'en-us',
    apiEndpoint: origin,
    messenger: {
      enabled: true,
      apps: { conversations },
      styles: { primaryColor: '#1f6feb' },
      launcherButton: { visibility: 'On' },
      fileUpload: { enableAttachments: attachments, modes },
    },
    journeyEvents: { enabled: false },
    status: deployment.status === 'active' ? 'Active' : 'Inactive',
    auth: { enabled: auth !== undefined, allowSessionUpgrade: auth?.allowSessionUpgrade ?? false },
  };
}

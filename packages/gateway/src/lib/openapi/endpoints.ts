import * as z from 'zod';
import { instant, line, reason } from './line.ts';
import { operation } from './operation.ts';

export const endpointId = z.string().regex(/^ep_[A-Za-z0-9_-]{1,60}$/, 'must be the id of an endpoint');

const eventType = z.enum([
  'guest.authenticated',
  'guest.refused',
  'guest.failed',
  'guest.unknown',
  'guest.erased',
  'consent.withdrawn',
]);

const eventTypes = z
  .array(eventType)
  .min(1, 'must name at least one type, or be null for every type')
  .refine((types) => new Set(types).size === types.length, 'must name each type once')
  .nullable()
  .describe('Null: every type, those of later versions included.');

const ordering = z
  .enum(['none', 'guest'])
  .describe(
    '`none`: events are sent as they come, and `data.sequence` tells which is the later. `guest`: an event about a ' +
      'guest waits until the one before about the same guest is delivered, given up or held.',
  );

/** Who is told of outcomes: everything but the secrets. */
export const endpointSchema = z.object({
  id: endpointId,
  url: z.string(),
  description: z.string(),
  eventTypes: z.array(z.string()).nullable().describe('Null: every type.'),
  ordering,
  enabled: z.boolean(),
  disabledReason: z.string().nullable(),
  failingSince: instant.nullable().describe('Since when it has only failed; null after a success.'),
  failures: z.int().describe('Failures in a row.'),
  createdAt: instant,
  updatedAt: instant,
});

export type EndpointView = z.infer<typeof endpointSchema>;

export const endpointListSchema = z.object({ data: z.array(endpointSchema), nextCursor: z.null() });

const secret = z.string().describe('`whsec_` and base64 of 24 to 64 bytes. It is not shown again.');

export const createdEndpointSchema = endpointSchema.extend({ secret });

const givenSecret = line(200).describe('`whsec_` and base64 of 24 to 64 random bytes. Default a fresh one.');

const url = line(2_048).describe('An https address that is public, or in a network that was allowed.');

const description = line(500).describe('For operators.');

export const newEndpointSchema = z.strictObject({
  url,
  description: description.optional(),
  eventTypes: eventTypes.optional(),
  ordering: ordering.optional(),
  secret: givenSecret.optional(),
  reason,
});

export const endpointChangeSchema = z
  .strictObject({
    url: url.optional(),
    description: description.optional(),
    eventTypes: eventTypes.optional(),
    ordering: ordering.optional(),
    reason,
  })
  .refine((change) => Object.keys(change).length > 1, 'must change something');

const one = z.strictObject({ id: endpointId });
const tag = 'Webhook endpoints';
const path = '/v1/webhook-endpoints/{id}';

export const listEndpoints = operation({
  id: 'listWebhookEndpoints',
  method: 'get',
  path: '/v1/webhook-endpoints',
  tag,
  role: 'viewer',
  summary: 'List endpoints, oldest first',
  answers: { 200: { description: 'All endpoints.', schema: endpointListSchema } },
});

export const createEndpoint = operation({
  id: 'createWebhookEndpoint',
  method: 'post',
  path: '/v1/webhook-endpoints',
  tag,
  role: 'operator',
  summary: 'Add an endpoint',
  description: 'The answer holds the secret that its messages are signed with, this once.',
  body: newEndpointSchema,
  answers: {
    201: {
      description: 'The endpoint, and its secret.',
      schema: createdEndpointSchema,
      headers: { Location: 'The address of the endpoint.' },
    },
  },
  problems: ['ssrf_blocked'],
});

export const getEndpoint = operation({
  id: 'getWebhookEndpoint',
  method: 'get',
  path,
  tag,
  role: 'viewer',
  summary: 'Show one endpoint',
  params: one,
  answers: { 200: { description: 'The endpoint.', schema: endpointSchema } },
  problems: ['not_found'],
});

export const changeEndpoint = operation({
  id: 'changeWebhookEndpoint',
  method: 'patch',
  path,
  tag,
  role: 'operator',
  summary: 'Change an endpoint',
  description: 'What is left out stays as it is. Deliveries that wait go to the address as it is when they are sent.',
  params: one,
  body: endpointChangeSchema,
  answers: { 200: { description: 'The endpoint after the change.', schema: endpointSchema } },
  problems: ['not_found', 'ssrf_blocked'],
});

export const removeEndpoint = operation({
  id: 'removeWebhookEndpoint',
  method: 'delete',
  path,
  tag,
  role: 'operator',
  summary: 'Remove an endpoint',
  description: 'Its deliveries stay on record.',
  params: one,
  query: z.strictObject({ reason }),
  answers: { 204: { description: 'It is gone.' } },
  problems: ['not_found'],
});

export const rotationSchema = z.strictObject({
  reason,
  secret: givenSecret.optional(),
  overlapSeconds: z
    .int('must be a whole number')
    .min(0, 'must be at least 0')
    .max(604_800, 'must be at most 604800')
    .optional()
    .describe('How long the secret before signs too. Default 86,400, a day; at most a week.'),
});

export const rotatedSecretSchema = z.object({
  secret,
  previousSecretUntil: instant.describe('Until then messages carry the signatures of both secrets.'),
});

export const rotateSecret = operation({
  id: 'rotateWebhookSecret',
  method: 'post',
  path: `${path}/rotate-secret`,
  tag,
  role: 'operator',
  summary: 'Replace the secret of an endpoint',
  description: 'A secret from an earlier rotation that still signs is good no more: two sign at most.',
  params: one,
  body: rotationSchema,
  answers: { 200: { description: 'The new secret, this once.', schema: rotatedSecretSchema } },
  problems: ['not_found'],
});

export const enablingSchema = z.strictObject({
  reason,
  releaseHeld: z
    .boolean('must be true or false')
    .optional()
    .describe('Whether what was held is due now. Default false.'),
});

export const enabledEndpointSchema = endpointSchema.extend({
  released: z.int().describe('Held deliveries that are due now.'),
});

export const enableEndpoint = operation({
  id: 'enableWebhookEndpoint',
  method: 'post',
  path: `${path}/enable`,
  tag,
  role: 'operator',
  summary: 'Take up deliveries to an endpoint again',
  params: one,
  body: enablingSchema,
  answers: { 200: { description: 'The endpoint, enabled.', schema: enabledEndpointSchema } },
  problems: ['not_found'],
});

export const disablingSchema = z.strictObject({ reason });

export const disableEndpoint = operation({
  id: 'disableWebhookEndpoint',
  method: 'post',
  path: `${path}/disable`,
  tag,
  role: 'operator',
  summary: 'Hold deliveries to an endpoint',
  params: one,
  body: disablingSchema,
  answers: { 200: { description: 'The endpoint, disabled.', schema: endpointSchema } },
  problems: ['not_found'],
});

import * as z from 'zod';
import { attemptId } from './attempt-id.ts';
import { endpointId } from './endpoints.ts';
import { givenInstant, instant, reason } from './line.ts';
import { operation } from './operation.ts';
import { exportAnswers, exportQuery, pageOf, pageQuery } from './query.ts';

const deliveryId = z.string().regex(/^dlv_[A-Za-z0-9_-]{1,60}$/, 'must be the id of a delivery');

const state = z
  .enum(['pending', 'delivered', 'dead', 'held'])
  .describe('`dead`: given up. `held`: its endpoint is disabled.');

/** One event for one endpoint. */
export const deliverySchema = z.object({
  id: deliveryId,
  eventId: z.string().describe('`webhook-id`, the same on every try.'),
  eventType: z.string(),
  attemptId: attemptId.nullable(),
  endpointId,
  state,
  tries: z.int(),
  nextAt: instant.nullable().describe('When the next try is due; null unless pending, and while it waits for another.'),
  waitsFor: deliveryId
    .nullable()
    .describe('The earlier delivery about the same guest that comes first, where the endpoint wants them in order.'),
  createdAt: instant,
  settledAt: instant.nullable(),
});

export type DeliveryView = z.infer<typeof deliverySchema>;

export const trySchema = z.object({
  number: z.int(),
  startedAt: instant,
  durationMs: z.number(),
  outcome: z.string().describe('`delivered`, or what went wrong in one word.'),
  responseStatus: z.int().nullable(),
  responseExcerpt: z.string().nullable().describe('At most 2 KiB, control characters escaped.'),
});

export const deliveryDetailSchema = deliverySchema.extend({
  body: z.string().nullable().describe('What is sent, byte for byte; null after erasure.'),
  attempts: z.array(trySchema).describe('Every try, oldest first.'),
});

export type DeliveryDetail = z.infer<typeof deliveryDetailSchema>;

export const deliveryPageSchema = pageOf(deliverySchema);

const filters = {
  state: state.optional(),
  endpoint: endpointId.optional(),
  attempt: attemptId.optional(),
};

export const listDeliveries = operation({
  id: 'listDeliveries',
  method: 'get',
  path: '/v1/deliveries',
  tag: 'Deliveries',
  role: 'viewer',
  summary: 'List webhook deliveries, newest first',
  query: z.strictObject({ ...pageQuery, ...filters }),
  answers: { 200: { description: 'A page of deliveries.', schema: deliveryPageSchema } },
});

export const exportDeliveries = operation({
  id: 'exportDeliveries',
  method: 'get',
  path: '/v1/deliveries/export',
  tag: 'Deliveries',
  role: 'viewer',
  summary: 'Export webhook deliveries',
  description: 'Without their bodies. That it was asked for is on record in the audit log.',
  query: z.strictObject({ ...exportQuery, ...filters }),
  answers: exportAnswers,
});

export const getDelivery = operation({
  id: 'getDelivery',
  method: 'get',
  path: '/v1/deliveries/{id}',
  tag: 'Deliveries',
  role: 'viewer',
  summary: 'Show one delivery with every try',
  params: z.strictObject({ id: deliveryId }),
  answers: { 200: { description: 'The delivery.', schema: deliveryDetailSchema } },
  problems: ['not_found'],
});

export const reasonSchema = z.strictObject({ reason });

export const replayDelivery = operation({
  id: 'replayDelivery',
  method: 'post',
  path: '/v1/deliveries/{id}/replay',
  tag: 'Deliveries',
  role: 'operator',
  summary: 'Deliver once more',
  description: 'Makes the delivery due now, with the same id and the same bytes.',
  params: z.strictObject({ id: deliveryId }),
  body: reasonSchema,
  answers: { 202: { description: 'It is due.', schema: deliverySchema } },
  problems: ['not_found', 'delivery_not_replayable'],
});

export const mostReplays = 10_000;

export const replayFilterSchema = z
  .strictObject({
    ids: z.array(deliveryId).min(1, 'must not be empty').max(1_000, 'must have at most 1000 ids').optional(),
    state: z.enum(['delivered', 'dead', 'held']).optional(),
    endpointId: endpointId.optional(),
    from: givenInstant.optional().describe('Created at or after.'),
    to: givenInstant.optional().describe('Created before.'),
  })
  .refine((filter) => Object.keys(filter).length > 0, 'must name at least one condition');

export const replaySchema = z.discriminatedUnion(
  'dryRun',
  [
    z.strictObject({ dryRun: z.literal(true), filter: replayFilterSchema, reason: reason.optional() }),
    z.strictObject({ dryRun: z.literal(false), filter: replayFilterSchema, reason }),
  ],
  { error: 'must be true or false' },
);

export const replayResultSchema = z.object({
  dryRun: z.boolean(),
  count: z.int().describe('Deliveries that are due now, or would be.'),
});

export const replayDeliveries = operation({
  id: 'replayDeliveries',
  method: 'post',
  path: '/v1/deliveries/replays',
  tag: 'Deliveries',
  role: 'operator',
  summary: 'Deliver all that match once more, or count them',
  description:
    'Pending and erased deliveries, and those of disabled or removed endpoints, never match. ' +
    `At most ${mostReplays} deliveries are made due at a time.`,
  body: replaySchema,
  answers: {
    200: { description: 'How many match. Nothing was changed.', schema: replayResultSchema },
    202: { description: 'They are due.', schema: replayResultSchema },
  },
});

const purgeFilterSchema = z
  .strictObject({
    ids: z.array(deliveryId).min(1, 'must not be empty').max(1_000, 'must have at most 1000 ids').optional(),
    state: z.literal('dead', 'must be dead').optional(),
    endpointId: endpointId.optional(),
    from: givenInstant.optional().describe('Created at or after.'),
    to: givenInstant.optional().describe('Created before.'),
  })
  .refine((filter) => Object.keys(filter).length > 0, 'must name at least one condition');

const purgeSchema = z.discriminatedUnion(
  'dryRun',
  [
    z.strictObject({ dryRun: z.literal(true), filter: purgeFilterSchema, reason: reason.optional() }),
    z.strictObject({ dryRun: z.literal(false), filter: purgeFilterSchema, reason }),
  ],
  { error: 'must be true or false' },
);

const purgeResultSchema = z.object({
  dryRun: z.boolean(),
  count: z.int().describe('Deliveries that are deleted now, or would be.'),
});

export const purgeDeliveries = operation({
  id: 'purgeDeliveries',
  method: 'post',
  path: '/v1/deliveries/purges',
  tag: 'Deliveries',
  role: 'admin',
  summary: 'Delete all given up that match, or count them',
  description:
    'Deletes deliveries that were given up, with their tries; they cannot be replayed any more. Others never match, nor ' +
    `do those about guests on hold. At most ${mostReplays} are deleted at a time.`,
  body: purgeSchema,
  answers: { 200: { description: 'How many match; with `dryRun` nothing was changed.', schema: purgeResultSchema } },
});

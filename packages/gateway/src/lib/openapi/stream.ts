import * as z from 'zod';
import { attemptSchema } from './attempts.ts';
import { deliverySchema, trySchema } from './deliveries.ts';
import { operation } from './operation.ts';

/** A delivery after a try of it. */
export const deliveryNewsSchema = deliverySchema
  .omit({ nextAt: true, waitsFor: true, settledAt: true })
  .extend({ lastTry: trySchema });

export type DeliveryNews = z.infer<typeof deliveryNewsSchema>;

export const streamDataSchema = z
  .union([attemptSchema, deliveryNewsSchema])
  .describe('What stands behind `data:` of one event.');

export const openStream = operation({
  id: 'openStream',
  method: 'get',
  path: '/v1/stream',
  tag: 'Stream',
  role: 'viewer',
  summary: 'Hear of attempts and deliveries of this gateway as they end',
  description: [
    'Server-sent events. `attempt` carries an Attempt, `delivery` a DeliveryNews.',
    'Attempts that ended since `Last-Event-ID` are told as they stand now: nothing of a guest who was erased meanwhile, at whichever gateway. Deliveries since then are told without what the receiver answered.',
    '`missed`, whose data is an empty object, says that more happened since `Last-Event-ID` than is remembered: read the lists again.',
    'A listener that does not keep up is cut off, and may come back with `Last-Event-ID`. A session that ends takes its streams along within 15 seconds.',
  ].join(' '),
  headers: z.object({ 'Last-Event-ID': z.string().optional().describe('The last event that was heard.') }),
  answers: {
    200: {
      description: 'Events, for as long as the listener stays.',
      mediaType: 'text/event-stream',
      schema: streamDataSchema,
    },
  },
  problems: ['overloaded'],
});

import type { Attempt } from 'guestpass';
import type { Delivery as DeliveryTry } from 'guestpass/webhook';
import type { AttemptView } from '../../openapi/attempts.ts';
import type { DeliveryNews } from '../../openapi/stream.ts';
import type { Delivery, Verdict } from '../../store/deliveries.ts';

/** What the operators' stream tells. */
export type StreamEvent =
  | { readonly type: 'attempt'; readonly data: AttemptView }
  | { readonly type: 'delivery'; readonly data: DeliveryNews };

/** A try of a delivery that has ended and is on record. */
export interface EndedTry {
  readonly delivery: Delivery;
  readonly tried: DeliveryTry;
  readonly state: Verdict['state'];
}


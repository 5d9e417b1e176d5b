import type { EndedTry } from '../jobs/deliver-webhook.ts';

/** An answer that another try will hardly change: somebody has to mend something. */
export interface ReceiverRefusal {
  readonly endpointId: string;
  readonly status: number;
  /** What to do, in one sentence. */
  readonly remedy: string;
}

const address = 'Check the path and the method that the address of the endpoint names.';
const credentials = 'Check that the receiver verifies with the secret of this endpoint and lets our addresses in.';
const content = 'Check what the receiver expects of a webhook: it does not take JSON in the Standard Webhooks format.';

const remedies: ReadonlyMap<number, string> = new Map([
  [400, content],
  [401, credentials],
  [403, credentials],
  [404, address],
  [405, address],
  [413, 'Let the receiver, and what stands before it, take bodies of this size.'],
  [415, content],
  [422, content],
]);

/**
 * Tells of such answers from the second try of a delivery on, once for each endpoint and status: the tries go on, since a
 * receiver can be mended.
 */
export function watchRefusals(tell: (refusal: ReceiverRefusal) => void): (ended: EndedTry) => void {
  const told = new Set<string>();
  return ({ delivery, tried: { status = 0 } }) => {
    const remedy = remedies.get(status);
    const key = `${delivery.endpoint_id} ${status}`;
    if (remedy === undefined || delivery.tries + 1 < 2 || told.has(key)) return;
    told.add(key);
    tell({ endpointId: delivery.endpoint_id, status, remedy });
  };
}

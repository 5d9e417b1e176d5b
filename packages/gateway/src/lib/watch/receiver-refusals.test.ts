import { expect, test } from 'vitest';
import type { EndedTry } from '../jobs/deliver-webhook.ts';
import { type ReceiverRefusal, watchRefusals } from './receiver-refusals.ts';

const delivery: EndedTry['delivery'] = {
  id: 'dlv_1',
  number: 1,
  event_id: 'evt_1',
  event_type: 'guest.authenticated',
  attempt_id: 'att_1',
  endpoint_id: 'ep_1',
  body: null,
  state: 'pending',
  tries: 0,
  next_at: null,
  behind: null,
  created_at: new Date(0),
  settled_at: null,
};

function watching() {
  const told: ReceiverRefusal[] = [];
  const watch = watchRefusals((refusal) => void told.push(refusal));
  return {
    told,
    answered(status: number | undefined, more: Partial<EndedTry['delivery']> = {}) {
      const tried = { result: 'retry', durationMs: 1, ...(status !== undefined && { status }) } as const;
      watch({ delivery: { ...delivery, tries: 1, ...more }, tried, state: 'pending' });
    },
  };
}

test('answers that another try will not change are told of, and those of a receiver in trouble are not', () => {
  const { told, answered } = watching();
  const answers = [200, 204, 301, 400, 401, 403, 404, 405, 408, 410, 413, 415, 422, 425, 429, 500, 502, 503, 504];
  for (const status of [undefined, ...answers]) answered(status);
  expect(told.map(({ status }) => status)).toEqual([400, 401, 403, 404, 405, 413, 415, 422]);
  expect(told[1]).toEqual({ endpointId: 'ep_1', status: 401, remedy: expect.stringContaining('secret') });
});

test('the first try of a delivery is not told of, and each endpoint and status once', () => {
  const { told, answered } = watching();
  answered(401, { tries: 0 });
  expect(told).toEqual([]);
  for (const tries of [1, 2, 3]) answered(401, { tries });
  answered(401, { endpoint_id: 'ep_2', tries: 4 });
  answered(404);
  expect(told.map(({ endpointId, status }) => [endpointId, status])).toEqual([
    ['ep_1', 401],
    ['ep_2', 401],
    ['ep_1', 404],
  ]);
});

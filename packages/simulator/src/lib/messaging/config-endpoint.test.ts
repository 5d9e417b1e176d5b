import { expect, test } from 'vitest';
import { createSimulator } from '../simulator.ts';
import { readJson } from '../testing/requests.ts';

const at = (id: string) => new Request(`http://simulator.test/webdeployments/v1/deployments/${id}/config.json`);

test('a deployment tells every page where to talk and what it offers', async () => {
  const alias = '0b9f1c52-6a2e-4c1c-8f60-2b7a5f0d3c44';
  const simulator = createSimulator({
    deployments: { demo: { alias, autoStart: true, conversationDisconnect: 'off', conversationClear: false } },
  });
  const response = await simulator.fetch(at(alias));
  expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
  expect(await readJson(response)).toMatchObject({
    id: alias,
    version: '1',
    apiEndpoint: 'http://simulator.test',
    status: 'Active',
    auth: { enabled: false, allowSessionUpgrade: false },
    messenger: {
      enabled: true,
      apps: {
        conversations: {
          messagingEndpoint: 'ws://simulator.test',
          autoStart: { enabled: true },
          conversationDisconnect: { enabled: false },
          conversationClear: { enabled: false },
          sessionDurationSeconds: 259_200,
        },
      },
      fileUpload: { modes: [{ fileTypes: ['*/*'], maxFileSizeKB: 10_240 }] },
    },
  });
});

test('a disabled deployment is inactive, an unknown one is 404, and other methods are 405', async () => {
  const simulator = createSimulator({ messagingUrl: 'wss://elsewhere.example/v1' });
  const body = await readJson(await simulator.fetch(at('disabled')));
  expect(body).toMatchObject({
    status: 'Inactive',
    messenger: { apps: { conversations: { messagingEndpoint: 'wss://elsewhere.example' } } },
  });
  expect((await simulator.fetch(at('elsewhere'))).status).toBe(404);
  expect((await simulator.fetch(new Request(at('demo'), { method: 'DELETE' }))).status).toBe(405);
});

test('deployments and limits that cannot be meant are refused', () => {
  expect(() => createSimulator({ deployments: { nowhere: {} } })).toThrow('there is no channel "nowhere"');
  expect(() => createSimulator({ deployments: { demo: { alias: 'disabled' } } })).toThrow('the id of another');
  expect(() => createSimulator({ limits: { textBytes: 0 } })).toThrow('limits.textBytes');
  expect(() => createSimulator({ botDelayMs: -1 })).toThrow('botDelayMs');
});

import { expect, test } from 'vitest';
import WebSocket from 'ws';
import { endpointsAt } from './endpoints.ts';
import { createSimulator } from './simulator.ts';

test('every address is answered by something', async () => {
  await using simulator = createSimulator();
  const { url } = await simulator.listen();
  const { socket, control, ...endpoints } = endpointsAt(url);
  const filled = (address: string) => address.replace('{deploymentId}', 'demo').replace('{provider}', 'turnstile');
  const statuses = await Promise.all(
    [...Object.values(endpoints), `${control}/health`].map(async (address) => (await fetch(filled(address))).status),
  );
  expect(statuses).not.toContain(404);
  const line = new WebSocket(filled(socket));
  await new Promise((resolve, reject) => line.once('open', resolve).once('error', reject));
  line.terminate();
});

test('sockets of a port that speaks TLS do so too', () => {
  expect(endpointsAt('https://login.sim.test').socket).toBe('wss://login.sim.test/v1?deploymentId={deploymentId}');
});

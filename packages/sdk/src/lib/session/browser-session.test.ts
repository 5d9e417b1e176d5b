import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { connectSession } from './browser-session.ts';

const face = join(import.meta.dirname, '..', '..', 'session-browser.ts');

/** Every file and package that a file of ours loads, directly or not. Types are not loaded. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const statements = readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s(?!type\s)[^;]*?from '([^']+)';/gm);
  for (const [, specifier = ''] of statements) {
    if (specifier.startsWith('.')) loadedBy(join(dirname(file), specifier), seen);
    else seen.add(specifier);
  }
  return seen;
}

test('what browsers load of a session needs nothing of Node', () => {
  const loaded = [...loadedBy(face)];
  expect(loaded.map((path) => relative(dirname(face), path))).toContain('lib/session/channel.ts');
  expect(loaded.filter((path) => !path.startsWith('/'))).toEqual(['zod/mini']);
  const globals = loaded.filter((path) => path.startsWith('/') && /\bBuffer\./.test(readFileSync(path, 'utf8')));
  expect(globals).toEqual([]);
});

test('pages and programs find the same names, the errors to be told apart among them', () => {
  const namesOf = (path: string) => {
    const exported = readFileSync(join(dirname(face), path), 'utf8').matchAll(/\{([^}]*)\}/g);
    return [...exported].flatMap(([, list = '']) => list.split(',').map((name) => name.replace(/\btype\b/, '').trim()));
  };
  const pages = namesOf('session-browser.ts').filter(Boolean).sort();
  expect(pages).toEqual(expect.arrayContaining(['GuestPass', 'GuestpassError', 'isGuestpassError', 'connectSession']));
  const ofNodeAlone = ['WsTransportOptions', 'wsTransport'];
  expect(
    namesOf('session.ts')
      .filter((name) => name !== '' && !ofNodeAlone.includes(name))
      .sort(),
  ).toEqual(pages);
});

test('a session talks and reads its history with what browsers and Node both offer', async () => {
  const body = { id: 'm-0', type: 'Text', text: 'welcome', direction: 'Outbound' };
  const http = createServer((_, response) => response.end(JSON.stringify({ entities: [body], total: 1 })));
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket) =>
    socket.on('message', (data) => {
      const { action, message, tracingId } = JSON.parse(data.toString());
      const answers: Record<string, object> = {
        configureSession: { class: 'SessionResponse', body: { connected: true, newSession: false } },
        getJwt: { class: 'JwtResponse', body: { jwt: 'j', exp: 4e9 } },
        onMessage: { class: 'StructuredMessage', body: { ...body, ...message, id: 'm-1', direction: 'Inbound' } },
      };
      socket.send(JSON.stringify({ code: 200, ...answers[action], tracingId }));
    }),
  );
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/v1`;
  try {
    await using session = await connectSession({ url, deploymentId: 'd', token: 't' });
    expect(await session.send('hello')).toMatchObject({ author: 'guest', text: 'hello' });
    expect(session.transcript.map(({ text }) => text)).toEqual(['welcome', 'hello']);
  } finally {
    sockets.close();
    http.closeAllConnections();
    http.close();
  }
});

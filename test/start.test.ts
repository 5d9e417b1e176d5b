import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { testDatabase } from '@guestpass/gateway/testing';
import type { GuestPass } from 'guestpass';
import { connectSession } from 'guestpass/session';
import { expect, test } from 'vitest';

const program = join(import.meta.dirname, '..', 'scripts', 'start.ts');

test('who is let in by what `npm start` runs is answered, and may take leave', { timeout: 60_000 }, async () => {
  await using database = await testDatabase({ migrated: false });
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-start-'));
  const child = spawn(process.execPath, ['--conditions=guestpass-source', program], {
    cwd: directory,
    env: { GUESTPASS_DATABASE_URL: database.url, GUESTPASS_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  let url = '';
  for await (const line of createInterface({ input: child.stdout })) {
    url = / gateway +(\S+)/.exec(line)?.[1] ?? url;
    if (line.includes('Ctrl-C stops')) break;
  }
  const consent = { accepted: true, timestamp: new Date().toISOString() };
  const captcha = { provider: 'recaptcha', response: 'ok.start', score: 0.9 };
  const answer = await fetch(`${url}/v1/guests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ channelId: 'demo', consent, captcha }),
  });
  expect(answer.status).toBe(201);
  // A cast, because the gateway of this very program answers.
  const session = await connectSession((await answer.json()) as GuestPass);
  await session.send('hello');
  await expect.poll(() => session.transcript.at(-1)?.text).toBe('You said: hello');
  await session.send('End the conversation');
  await expect.poll(() => session.state).toBe('read-only');
  await session.close();
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  await rm(directory, { recursive: true });
});

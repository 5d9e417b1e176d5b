import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '..', 'examples');
const examples = readdirSync(folder).filter((name) => name.endsWith('.ts'));

test.for(examples)('the example %s runs, asserts and ends', async (name) => {
  const args = ['--conditions=guestpass-source', join(folder, name)];
  const child = spawn(process.execPath, args, { env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  expect({ code, err }, out).toEqual({ code: 0, err: '' });
  expect(out).not.toBe('');
});

test('there is an example of each kind, and each says how it is run', async () => {
  expect(examples).toEqual([
    'batch-with-concurrency.ts',
    'custom-policy.ts',
    'quick-start.ts',
    'testing-with-the-simulator.ts',
    'webhook-to-identity-provider.ts',
  ]);
});

import { expect, test } from 'vitest';
import { createOpened } from './opened.ts';

function recorder() {
  const closed: string[] = [];
  return {
    closed,
    async: (name: string) => ({ [Symbol.asyncDispose]: async () => void closed.push(name) }),
    sync: (name: string) => ({ [Symbol.dispose]: () => void closed.push(name) }),
  };
}

test('what was opened is closed in reverse order when a later step fails', async () => {
  const { closed, async, sync } = recorder();
  const start = async () => {
    await using opened = createOpened();
    opened.use(async('database'));
    opened.use(sync('watch'));
    opened.adopt('network', async (name) => void closed.push(name));
    throw new Error('no port');
  };
  await expect(start()).rejects.toThrow('no port');
  expect(closed).toEqual(['network', 'watch', 'database']);
});

test('what was handed over stays open until it is closed, once', async () => {
  const { closed, async } = recorder();
  const start = async () => {
    await using opened = createOpened();
    opened.use(async('database'));
    return opened.handOver();
  };
  const close = await start();
  expect(closed).toEqual([]);
  await Promise.all([close(), close()]);
  expect(closed).toEqual(['database']);
});

test('one that cannot be closed keeps none of the others open', async () => {
  const { closed, async } = recorder();
  const opened = createOpened();
  opened.use(async('database'));
  opened.adopt('network', () => Promise.reject(new Error('stuck')));
  await expect(opened[Symbol.asyncDispose]()).rejects.toThrow('stuck');
  expect(closed).toEqual(['database']);
});

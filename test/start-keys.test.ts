import { PassThrough } from 'node:stream';
import { createSimulator } from '@guestpass/simulator';
import { expect, test } from 'vitest';
import { keyLine, readKeys } from '../scripts/start/keys.ts';
import { createStorm } from '../scripts/start/storm.ts';

/** A keyboard that remembers how it was left. */
class Keyboard extends PassThrough {
  isRaw = false;

  setRawMode(isRaw: boolean): this {
    this.isRaw = isRaw;
    return this;
  }
}

function sitDown() {
  const keyboard = new Keyboard();
  const done: string[] = [];
  const note = (what: string) => () => void done.push(what);
  const goesOn = Promise.withResolvers<void>();
  const suspend = () => {
    done.push(`suspended, raw ${keyboard.isRaw}`);
    return goesOn.promise;
  };
  const hotkeys = [
    { key: 't', name: 'one guest', press: note('guest') },
    { key: '?', name: 'help', press: note('help') },
  ];
  const keys = readKeys(keyboard, hotkeys, { interrupt: note('interrupted'), suspend });
  return { keyboard, done, keys, hotkeys, goOn: goesOn.resolve };
}

test('keys do what they say as they are pressed, in both cases, and others nothing', async () => {
  const { keyboard, done, hotkeys } = sitDown();
  for (const pressed of ['t', 'T?', 'x', '\u001b[A', '\r', 'ä']) keyboard.write(pressed);
  await expect.poll(() => done).toEqual(['guest', 'guest', 'help']);
  expect(keyLine(hotkeys)).toBe('t one guest · ? help');
});

test('Ctrl-C interrupts, and the terminal is given back as it was', async () => {
  const { keyboard, done, keys } = sitDown();
  expect(keyboard.isRaw).toBe(true);
  keyboard.write('\u0003');
  await expect.poll(() => done).toEqual(['interrupted']);
  keys[Symbol.dispose]();
  expect([keyboard.isRaw, keyboard.isPaused(), keyboard.listenerCount('data')]).toEqual([false, true, 0]);
});

test('Ctrl-Z gives the terminal back until it goes on, and for good when it has ended meanwhile', async () => {
  const one = sitDown();
  one.keyboard.write('\u001a');
  await expect.poll(() => one.done).toEqual(['suspended, raw false']);
  one.goOn();
  await expect.poll(() => one.keyboard.isRaw).toBe(true);

  const other = sitDown();
  other.keyboard.write('\u001a');
  await expect.poll(() => other.done).toHaveLength(1);
  other.keys[Symbol.dispose]();
  other.goOn();
  await Promise.resolve();
  expect(other.keyboard.isRaw).toBe(false);
});

test('a storm refuses every guest until its time has passed, or until it is ended', async () => {
  await using simulator = createSimulator();
  const { url } = await simulator.listen();
  const told: string[] = [];
  let passes = Promise.withResolvers<void>();
  const wait = (signal: AbortSignal) => {
    passes = Promise.withResolvers();
    signal.addEventListener('abort', () => passes.resolve());
    return passes.promise;
  };
  await using storm = createStorm(url, () => told.push('over'), wait);
  await storm.begin();
  await storm.begin();
  expect(simulator.faults.list()).toMatchObject([{ fault: { operation: 'guest', status: 429, times: 'always' } }]);
  passes.resolve();
  await expect.poll(() => told).toEqual(['over']);
  expect(simulator.faults.list()).toEqual([]);

  await storm.begin();
  await storm.end();
  expect([simulator.faults.list(), told]).toEqual([[], ['over']]);
  await storm.begin();
  await storm[Symbol.asyncDispose]();
  expect([simulator.faults.list(), told]).toEqual([[], ['over']]);
});

import { errorTable } from 'guestpass';
import { expect, test } from 'vitest';
import { isDead, keepPass } from './kept-pass.ts';

const pass = {
  guestId: 'g',
  channelId: 'demo',
  sessionToken: 't',
  expiresAt: null,
  connect: { url: 'wss://messaging.test/v1', deploymentId: 'demo' },
};

/** The part of a browser's storage that is used. */
function memory() {
  const texts = new Map<string, string>();
  return {
    texts,
    getItem: (name: string) => texts.get(name) ?? null,
    setItem: (name: string, text: string) => void texts.set(name, text),
    removeItem: (name: string) => void texts.delete(name),
  };
}

test('a pass is kept for its channel until it is dropped', () => {
  const storage = memory();
  const kept = keepPass(storage, 'demo');
  kept.keep(pass);
  expect(keepPass(storage, 'demo').read()).toEqual(pass);
  expect(keepPass(storage, 'other').read()).toBeUndefined();
  kept.drop();
  expect(kept.read()).toBeUndefined();
});

test('what is no pass counts as nothing', () => {
  const storage = memory();
  for (const text of ['', 'null', '[]', '{"sessionToken":1}', JSON.stringify({ ...pass, connect: null })]) {
    storage.texts.set('guestpass.demo', text);
    expect(keepPass(storage, 'demo').read()).toBeUndefined();
  }
});

test('a pass is dead when its session is, and not when the platform could not be asked', () => {
  const codes = Object.keys(errorTable).filter(isDead);
  expect(codes.toSorted()).toEqual(['config_invalid', 'session_expired', 'session_signed_out']);
  expect(['unexpected_error', 'platform_unavailable', 'rate_limited', 'forbidden'].filter(isDead)).toEqual([]);
});

import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { showProgress } from './progress.ts';

function screen(errIsTty: boolean) {
  const said: string[] = [];
  const terminal = {
    out: () => {},
    room: async () => {},
    unread: new AbortController().signal,
    err: (text: string) => void said.push(text),
    inIsTty: false,
    outIsTty: false,
    errIsTty,
  };
  return { said, terminal };
}

test('without a terminal there is a line every ten seconds, and none for what ends before', async () => {
  const clock = manualClock(0);
  const { said, terminal } = screen(false);
  let count = 0;
  {
    using _progress = showProgress({ terminal, clock, flags: {}, read: () => ({ text: `${count} done`, share: 0.5 }) });
    await clock.advance(9_999);
    count = 7;
    await clock.advance(1);
    await clock.advance(10_000);
  }
  await clock.advance(60_000);
  expect(said).toEqual(['7 done\n', '7 done\n']);
});

test('a terminal has a bar that is drawn over itself and wiped at the end', async () => {
  const clock = manualClock(0);
  const { said, terminal } = screen(true);
  {
    using _progress = showProgress({ terminal, clock, flags: {}, read: () => ({ text: '3 done', share: 0.25 }) });
    await clock.advance(200);
  }
  expect(said).toEqual([`\r\u001b[K[${'#'.repeat(6)}${'-'.repeat(18)}]  25%  3 done`, '\r\u001b[K']);
});

test('quiet shows nothing', async () => {
  const clock = manualClock(0);
  const { said, terminal } = screen(true);
  {
    using _progress = showProgress({ terminal, clock, flags: { quiet: true }, read: () => ({ text: '' }) });
    await clock.advance(60_000);
  }
  expect(said).toEqual([]);
});

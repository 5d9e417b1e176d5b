import type { Clock } from 'guestpass';
import type { OutputFlags } from './output.ts';
import type { Terminal } from './surroundings.ts';

export interface ProgressOptions {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly flags: OutputFlags;
  /** What to show now: words, and the share that is done where it is known, 0 to 1. */
  readonly read: () => { readonly text: string; readonly share?: number };
}

const redrawMs = 200;
const lineMs = 10_000;
const barWidth = 24;

/** Shows on standard error how far a command is: a bar on a terminal, else a line every ten seconds; quiet shows none. */
export function showProgress({ terminal, clock, flags, read }: ProgressOptions): Disposable {
  const isLive = terminal.errIsTty;
  let cancel = () => {};
  const show = () => {
    const { text, share } = read();
    terminal.err(isLive ? `\r\u001b[K${share === undefined ? '' : bar(share)}${text}` : `${text}\n`);
  };
  const next = () => {
    cancel = clock.after(isLive ? redrawMs : lineMs, () => {
      show();
      next();
    });
  };
  if (!flags.quiet) next();
  return {
    [Symbol.dispose]() {
      cancel();
      if (isLive && !flags.quiet) terminal.err('\r\u001b[K');
    },
  };
}

function bar(share: number): string {
  const full = Math.round(Math.min(Math.max(share, 0), 1) * barWidth);
  return `[${'#'.repeat(full)}${'-'.repeat(barWidth - full)}] ${String(Math.floor(share * 100)).padStart(3)}%  `;
}

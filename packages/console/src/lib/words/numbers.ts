const one = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A count with its thousands told apart. */
export function countWords(count: number): string {
  return whole.format(count);
}

/** A size such as `3.4 KB`. */
export function byteWords(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${one.format(bytes / 1_000)} KB`;
  return `${one.format(bytes / 1_000_000)} MB`;
}

const hourMs = 3_600_000;

/** A span such as `12 ms`, `1.3 s` or `3 days`. */
export function spanWords(ms: number): string {
  if (ms < 1) return `${ms === 0 ? '0' : '<1'} ms`;
  if (ms < 1_000) return `${ms < 10 ? one.format(ms) : whole.format(ms)} ms`;
  if (ms < 60_000) return `${one.format(ms / 1_000)} s`;
  if (ms < 2 * hourMs) return `${whole.format(ms / 60_000)} min`;
  if (ms < 48 * hourMs) return `${whole.format(ms / hourMs)} h`;
  return `${whole.format(ms / (24 * hourMs))} days`;
}

/** A share such as `98.7 %`; never `100 %` when it is less. */
export function shareWords(part: number, all: number): string {
  if (all === 0) return '–';
  const percent = (part / all) * 100;
  const rounded = Math.floor(percent * 10) / 10;
  return `${one.format(rounded)} %`;
}

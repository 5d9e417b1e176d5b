/** What the simulator is to do to a share of the guests; the rest as it takes it. */
export interface LoadFault {
  readonly text: string;
  readonly script: Readonly<Record<string, unknown>>;
}

/** Reads `429:5%`, `800ms:10%`, `reset:1%`, `lost:1%` or `stall:1%`; `undefined` for anything else. */
export function parseFault(text: string): LoadFault | undefined {
  const [, what = '', percent] = /^([\w]+):(\d{1,3}(?:\.\d+)?)%$/.exec(text) ?? [];
  const probability = Number(percent) / 100;
  const effect = effectOf(what);
  if (!effect || !(probability > 0 && probability <= 1)) return undefined;
  return { text, script: { operation: 'guest', times: 'always', probability, ...effect } };
}

function effectOf(what: string): Readonly<Record<string, unknown>> | undefined {
  if (/^[45]\d\d$/.test(what)) return { status: Number(what) };
  const delay = /^(\d{1,6})ms$/.exec(what)?.[1];
  if (delay !== undefined) return { delayMs: Number(delay) };
  if (what === 'reset') return { reset: 'before' };
  if (what === 'lost') return { reset: 'after' };
  return what === 'stall' ? { stall: true } : undefined;
}

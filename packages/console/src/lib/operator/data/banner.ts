import { countWords, shareWords } from '../../words/numbers.ts';
import { type Sample, summarizeCodes, totalsOf, triedOf } from './samples.ts';
import type { Readiness } from './views.ts';
import { faultWords, type Party, whoseFault } from './whose-fault.ts';

/** The answer to "can customers get in now, and whose fault is it?". */
export interface Banner {
  readonly tone: 'good' | 'warn' | 'bad' | 'idle';
  readonly headline: string;
  /** Sentences: what it rests on, and whose fault it is. */
  readonly detail: string;
  /** The code behind it, when there is one. */
  readonly code: string | null;
  /** Since when, in milliseconds since the Unix epoch. */
  readonly sinceMs: number | null;
}

export interface Situation {
  /** `null` when the gateway does not answer, `undefined` when it was not asked yet. */
  readonly readiness: Readiness | null | undefined;
  /** Attempts of the window, oldest first. */
  readonly samples: readonly Sample[];
  /** Such as `15 minutes`. */
  readonly window: string;
}

/** Below this share of successes the platform counts as troubled. */
const goodShare = 0.99;
/** Fewer failures may be chance. */
const fewestFailures = 2;
/** So many in a row tell how it is now. */
const longRun = 20;

export function bannerOf({ readiness, samples, window }: Situation): Banner {
  if (readiness === undefined) return idle('Looking …', 'Asking the gateway how it is.');
  if (readiness === null) {
    return own('Nobody can say whether customers get in', 'The gateway does not answer this page.');
  }
  if (readiness.status === 'not_ready') return notReady(readiness);
  const totals = totalsOf(samples);
  if (totals.all === 0) {
    return idle('Customers can get in', `Everything here is ready. Nobody has asked in the last ${window}.`);
  }
  return ofAttempts(samples, window);
}

function idle(headline: string, detail: string): Banner {
  return { tone: 'idle', headline, detail, code: null, sinceMs: null };
}

function own(headline: string, detail: string): Banner {
  return { tone: 'bad', headline, detail, code: null, sinceMs: null };
}

function notReady({ checks = [] }: Readiness): Banner {
  const broken = checks.filter(({ ok }) => !ok);
  const why = broken.map(({ name, detail }) => detail ?? `The check of ${name} fails.`).join(' ');
  if (broken.some(({ name }) => name === 'draining')) {
    return { ...own('This gateway is leaving', `${why} Customers get in at the others of the fleet.`), tone: 'warn' };
  }
  return own('Customers cannot get in', `${why} ${faultWords('gateway')}`.trim());
}

function ofAttempts(samples: readonly Sample[], window: string): Banner {
  const totals = totalsOf(samples);
  const tried = triedOf(totals);
  const rate = `${shareWords(totals.admitted, tried)} of ${countWords(tried)} got in, in the last ${window}.`;
  const lost = totals.failed + totals.unknown;
  if (lost >= fewestFailures && totals.admitted < goodShare * tried) return troubled(samples, rate);
  if (totals.refused >= 5 && totals.refused > tried) return keptOut(samples, totals.refused);
  const turnedAway = totals.refused > 0 ? ` Policy refused ${countWords(totals.refused)}.` : '';
  return { tone: 'good', headline: 'Customers are getting in', detail: rate + turnedAway, code: null, sinceMs: null };
}

function troubled(samples: readonly Sample[], rate: string): Banner {
  const troubles = samples.filter(({ outcome }) => outcome === 'failed' || outcome === 'unknown');
  const [worst] = summarizeCodes(troubles);
  const tried = samples.filter(({ outcome }) => outcome !== 'refused');
  const nobody = !tried.slice(-longRun).some(({ outcome }) => outcome === 'admitted');
  const party: Party = whoseFault(worst?.code ?? '');
  return {
    tone: nobody ? 'bad' : 'warn',
    headline: nobody ? 'Customers cannot get in' : 'Some customers cannot get in',
    detail: `${rate} ${faultWords(party)}`,
    code: worst?.code ?? null,
    sinceMs: sinceOf(samples),
  };
}

function keptOut(samples: readonly Sample[], refused: number): Banner {
  const [worst] = summarizeCodes(samples.filter(({ outcome }) => outcome === 'refused'));
  return {
    tone: 'warn',
    headline: 'Most visitors are refused',
    detail: `Policy refused ${countWords(refused)} of ${countWords(samples.length)}. ${faultWords(whoseFault(worst?.code ?? ''))}`,
    code: worst?.code ?? null,
    sinceMs: worst?.firstMs ?? null,
  };
}

/** When the present trouble began: the first failure after the last long run of successes. */
function sinceOf(samples: readonly Sample[]): number | null {
  let since: number | null = null;
  let run = 0;
  for (const { outcome, atMs } of samples) {
    if (outcome === 'admitted') run += 1;
    if (run >= longRun) since = null;
    if (outcome !== 'failed' && outcome !== 'unknown') continue;
    since ??= atMs;
    run = 0;
  }
  return since;
}

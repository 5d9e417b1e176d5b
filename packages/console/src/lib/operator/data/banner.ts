import { countWords, shareWords } from '../../words/numbers.ts';
import { type Sample, summarizeCodes, totalsOf, triedOf } from './samples.ts';
import { type Trouble, troubleOf } from './trouble.ts';
import type { Readiness } from './views.ts';
import { faultWords, whoseFault } from './whose-fault.ts';

/** The answer to "can customers get in now, and whose fault is it?". */
export interface Banner {
  readonly tone: 'good' | 'warn' | 'bad' | 'idle';
  readonly headline: string;
  /** Sentences: what it rests on, and whose fault it is. */
  readonly detail: string;
  /** The code behind it, when there is one. */
  readonly code: string | null;
  /** Since when, and whether it is over. */
  readonly trouble: Trouble | null;
}

export interface Situation {
  /** `null` when the gateway does not answer, `undefined` when it was not asked yet. */
  readonly readiness: Readiness | null | undefined;
  /** Attempts of the window, oldest first; `null` while they are being read. */
  readonly samples: readonly Sample[] | null;
  /** All that are known, oldest first: what goes wrong may have begun before the window. */
  readonly known: readonly Sample[];
  /** Such as `15 minutes`. */
  readonly window: string;
}

/** Below this share of successes the platform counts as troubled. */
const goodShare = 0.99;
/** Fewer failures may be chance. */
const fewestFailures = 2;
/** None of so many tells how it is now, whatever went well before. */
const longRun = 20;
const shortRun = 5;

export function bannerOf({ readiness, samples, known, window }: Situation): Banner {
  if (readiness === undefined) return idle('Looking …', 'Asking the gateway how it is.');
  if (readiness === null) {
    return own('Nobody can say whether customers get in', 'The gateway does not answer this page.');
  }
  if (readiness.status === 'not_ready') return notReady(readiness);
  if (samples === null) return idle('Looking …', 'Reading what became of the last attempts.');
  if (totalsOf(samples).all === 0) {
    return idle('Customers can get in', `Everything here is ready. Nobody has asked in the last ${window}.`);
  }
  return ofAttempts({ samples, known, window });
}

function idle(headline: string, detail: string): Banner {
  return { tone: 'idle', headline, detail, code: null, trouble: null };
}

function own(headline: string, detail: string): Banner {
  return { tone: 'bad', headline, detail, code: null, trouble: null };
}

function notReady({ checks = [] }: Readiness): Banner {
  const broken = checks.filter(({ ok }) => !ok);
  const why = broken.map(({ name, detail }) => detail ?? `The check of ${name} fails.`).join(' ');
  if (broken.some(({ name }) => name === 'draining')) {
    return { ...own('This gateway is leaving', `${why} Customers get in at the others of the fleet.`), tone: 'warn' };
  }
  return own('Customers cannot get in', `${why} ${faultWords('gateway')}`.trim());
}

type Lately = Pick<Situation, 'known' | 'window'> & { readonly samples: readonly Sample[] };

function ofAttempts({ samples, known, window }: Lately): Banner {
  const totals = totalsOf(samples);
  const tried = triedOf(totals);
  const rate = `${shareWords(totals.admitted, tried)} of ${countWords(tried)} got in, in the last ${window}.`;
  const trouble = totals.failed + totals.unknown < fewestFailures ? null : troubleOf(known);
  if (trouble) {
    const during = known.filter(({ atMs, outcome }) => atMs >= trouble.fromMs && outcome !== 'refused');
    const nobody = !trouble.isOver && isNobody(during, trouble);
    if (nobody || totals.admitted < goodShare * tried) return troubled({ trouble, during, nobody }, rate);
  }
  if (totals.refused >= 5 && totals.refused > tried) return keptOut(samples, known);
  const turnedAway = totals.refused > 0 ? ` Policy refused ${countWords(totals.refused)}.` : '';
  return { tone: 'good', headline: 'Customers are getting in', detail: rate + turnedAway, code: null, trouble: null };
}

function isNobody(during: readonly Sample[], { mayBeOlder }: Trouble): boolean {
  const last = during.slice(-longRun);
  return (mayBeOlder || last.length >= shortRun) && !last.some(({ outcome }) => outcome === 'admitted');
}

interface Course {
  readonly trouble: Trouble;
  /** Whom policy let through since it began. */
  readonly during: readonly Sample[];
  readonly nobody: boolean;
}

/** Says what keeps guests out now, and not what did in an earlier trouble of the same window. */
function troubled({ trouble, during, nobody }: Course, rate: string): Banner {
  const [worst] = summarizeCodes(during);
  const code = worst?.code ?? null;
  if (trouble.isOver) {
    const detail = `${rate} The trouble is over: everybody has got in since.`;
    return { tone: 'good', headline: 'Customers are getting in again', detail, code, trouble };
  }
  return {
    tone: nobody ? 'bad' : 'warn',
    headline: nobody ? 'Customers cannot get in' : 'Some customers cannot get in',
    detail: `${rate} ${faultWords(whoseFault(code ?? ''))}`,
    code,
    trouble,
  };
}

function keptOut(samples: readonly Sample[], known: readonly Sample[]): Banner {
  const refused = samples.filter(({ outcome }) => outcome === 'refused');
  const [worst] = summarizeCodes(refused);
  const first = known.find(({ code }) => code !== null && code === worst?.code);
  return {
    tone: 'warn',
    headline: 'Most visitors are refused',
    detail: `Policy refused ${countWords(refused.length)} of ${countWords(samples.length)}. ${faultWords(whoseFault(worst?.code ?? ''))}`,
    code: worst?.code ?? null,
    trouble:
      worst && first
        ? { fromMs: first.atMs, mayBeOlder: first === known[0], lastMs: worst.lastMs, isOver: false }
        : null,
  };
}

import { spanWords } from '../../words/numbers.ts';
import type { Attempt, ErrorCode } from '../data/views.ts';
import { layWaterfall } from './waterfall.ts';

/** What to paste into a ticket: everything that helps, and nothing that names the guest. */
export function ticketOf(attempt: Attempt, entry: ErrorCode | undefined): string {
  const { outcome, code, stage, detail, guestId, captcha, statusCodes, retries } = attempt;
  const lines: (readonly [string, string | null | undefined])[] = [
    ['Attempt', attempt.id],
    ['Outcome', [outcome, code].filter(Boolean).join(' · ')],
    ['Ended in', stage],
    ['What happened', detail],
    ['What to do', entry?.remedy],
    ['Started', attempt.startedAt],
    ['Took', attempt.durationMs === null ? null : spanWords(attempt.durationMs)],
    ['Channel', attempt.channelId],
    ['Guest', guestId === null ? null : `${guestId.slice(0, 4)}… (redacted)`],
    [
      'Captcha',
      captcha &&
        `${captcha.provider}, ${captcha.verified ? 'verified' : 'not verified'}${captcha.unavailable ? ': out of service' : ''}`,
    ],
    ['Answers of the platform', statusCodes && statusCodes.length > 0 ? statusCodes.join(', ') : null],
    ['Retries', retries === null ? null : String(retries)],
    ['Correlation id', attempt.correlationId],
    ['Trace', attempt.traceId],
    [
      'Stages',
      layWaterfall(attempt)
        .map(({ name, ms }) => `${name} ${spanWords(ms)}`)
        .join(', '),
    ],
  ];
  return lines
    .filter(([, value]) => value)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}

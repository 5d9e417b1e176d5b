import type { Clock } from 'guestpass';
import { spanWords } from '../../words/numbers.ts';
import type { Banner } from '../data/banner.ts';
import type { Trouble } from '../data/trouble.ts';
import { Instant } from '../parts/instant.tsx';
import { Prose } from '../parts/prose.tsx';
import { useErrorCodes } from '../parts/use-error-codes.ts';

export interface BannerCardProps {
  readonly banner: Banner;
  readonly clock: Clock;
}

const shapes: Readonly<Record<Banner['tone'], string>> = { good: '✓', warn: '!', bad: '✕', idle: '–' };

/** The sentence that answers what one came for. */
export function BannerCard({ banner, clock }: BannerCardProps) {
  const { tone, headline, detail, code, trouble } = banner;
  const entry = useErrorCodes().get(code ?? '');
  return (
    <section class="banner" data-tone={tone} aria-label="Can customers get in?">
      <span class="shape" aria-hidden="true">
        {shapes[tone]}
      </span>
      <div>
        <p class="headline" role="status">
          {headline}
        </p>
        <p>{detail}</p>
        {code !== null && (
          <p>
            {trouble && <Course trouble={trouble} nowMs={clock.now()} />} <code>{code}</code>.
            {entry && !trouble?.isOver && (
              <>
                {' '}
                <Prose text={entry.remedy} />
              </>
            )}{' '}
            <a href={`/docs/errors#${code}`}>What it means</a>
          </p>
        )}
      </div>
    </section>
  );
}

/** Since when, as the beginning of a sentence that the code ends. */
function Course({ trouble, nowMs }: { readonly trouble: Trouble; readonly nowMs: number }) {
  const { fromMs, mayBeOlder, lastMs, isOver } = trouble;
  const older = mayBeOlder ? ' or earlier' : '';
  if (isOver) {
    return (
      <>
        From <Instant at={fromMs} />
        {older} to <Instant at={lastMs} />:
      </>
    );
  }
  return (
    <>
      Since <Instant at={fromMs} />
      {older}, for {mayBeOlder && 'at least '}
      {spanWords(Math.max(0, nowMs - fromMs))}:
    </>
  );
}

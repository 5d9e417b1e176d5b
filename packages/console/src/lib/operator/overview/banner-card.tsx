import type { Clock } from 'guestpass';
import { spanWords } from '../../words/numbers.ts';
import type { Banner } from '../data/banner.ts';
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
  const { tone, headline, detail, code, sinceMs } = banner;
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
            <code>{code}</code>
            {sinceMs !== null && (
              <>
                {' '}
                since <Instant at={sinceMs} />, for {spanWords(Math.max(0, clock.now() - sinceMs))}.
              </>
            )}
            {entry && (
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

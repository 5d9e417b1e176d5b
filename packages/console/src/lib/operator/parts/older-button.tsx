import type { Pages } from './use-pages.ts';

interface OlderButtonProps {
  readonly pages: Pick<Pages<unknown>, 'hasMore' | 'more'>;
}

/** Goes on behind the last row, where there is more. */
export function OlderButton({ pages }: OlderButtonProps) {
  if (!pages.hasMore.value) return null;
  return (
    <button type="button" onClick={pages.more}>
      Older
    </button>
  );
}

import { countWords } from '../../words/numbers.ts';
import type { Delivery, Page } from '../data/views.ts';
import { useLoaded } from '../parts/use-loaded.ts';

/** What waits to be delivered, as far as one page tells. */
export function useBacklog(): { readonly pending: string; readonly note: string } {
  const pending = useLoaded<Page<Delivery>>('/v1/deliveries?state=pending&limit=200').body.value;
  const dead = useLoaded<Page<Delivery>>('/v1/deliveries?state=dead&limit=200').body.value;
  return { pending: wordsOf(pending), note: `${wordsOf(dead)} dead` };
}

function wordsOf(page: Page<Delivery> | null): string {
  if (!page) return '–';
  return `${countWords(page.data.length)}${page.nextCursor === null ? '' : '+'}`;
}

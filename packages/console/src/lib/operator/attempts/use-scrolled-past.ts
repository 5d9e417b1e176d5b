import { type ReadonlySignal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

/** The height of the bar that covers what is scrolled under it. */
const covered = '-64px 0px 0px 0px';

/** Whether somebody has scrolled past an element, to what stands below it. */
export function useScrolledPast(element: RefObject<HTMLElement | null>): ReadonlySignal<boolean> {
  const isPast = useSignal(false);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver(
      (entries) => {
        const entry = entries.at(-1);
        if (!entry) return;
        const { isIntersecting, boundingClientRect, rootBounds } = entry;
        isPast.value = !isIntersecting && boundingClientRect.top < (rootBounds?.top ?? 0);
      },
      { rootMargin: covered },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return isPast;
}

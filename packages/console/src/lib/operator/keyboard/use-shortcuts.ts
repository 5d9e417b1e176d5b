import type { ReadonlySignal } from '@preact/signals';
import type { Clock } from 'guestpass';
import { useEffect } from 'preact/hooks';
import { moveRow } from './rows.ts';
import { createKeyReader, type Wish } from './shortcuts.ts';
import { isTypedInto } from './typing.ts';

export interface ShortcutOptions {
  readonly isOn: ReadonlySignal<boolean>;
  readonly clock: Clock;
  /** The view, once it is there. */
  readonly main: () => HTMLElement | null;
  readonly onGo: (view: Extract<Wish, { readonly does: 'go' }>['view']) => void;
  readonly onList: () => void;
}

/**
 * Listens to keys as long as the component is there. Nothing is taken from somebody who types, who holds a modifier, or
 * who has a dialog open.
 */
export function useShortcuts({ isOn, clock, main, onGo, onList }: ShortcutOptions): void {
  useEffect(() => {
    const reader = createKeyReader();
    const fulfil = (wish: Wish) => {
      const view = main();
      if (wish.does === 'go') onGo(wish.view);
      else if (wish.does === 'list') onList();
      else if (wish.does === 'filter') filterIn(view)?.focus();
      else if (view) moveRow(view, wish.does === 'next-row' ? 1 : -1);
    };
    const hear = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (event.key === 'Escape') leaveFilters(event, main());
      if (!isOn.peek() || isTypedInto(event.target) || document.querySelector('dialog[open]')) return;
      const wish = reader.press(event.key, clock.monotonic());
      if (!wish) return;
      // The key would else be typed into the field that it leads to.
      event.preventDefault();
      fulfil(wish);
    };
    window.addEventListener('keydown', hear);
    return () => window.removeEventListener('keydown', hear);
  }, []);
}

/** The field for any text, which stands last; else the first there is. */
function filterIn(view: HTMLElement | null): HTMLElement | null | undefined {
  const fields = [...(view?.querySelectorAll<HTMLElement>('search input[type=search]') ?? [])];
  return fields.at(-1) ?? view?.querySelector<HTMLElement>('search :is(select, input)');
}

/** From a field that Escape has nothing to clear in. */
function leaveFilters({ target }: KeyboardEvent, view: HTMLElement | null): void {
  if (!(target instanceof HTMLElement) || !target.closest('search')) return;
  if (target instanceof HTMLInputElement && target.value !== '') return;
  view?.focus();
}

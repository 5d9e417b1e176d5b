import { useEffect } from 'preact/hooks';

/** Calls `then` at Ctrl-K, and Cmd-K on a Mac, unless a dialog is open. */
export function usePaletteKey(then: () => void): void {
  useEffect(() => {
    const hear = (event: KeyboardEvent) => {
      const isIt =
        event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
      if (!isIt || document.querySelector('dialog[open]')) return;
      // Browsers would else lead to their own search.
      event.preventDefault();
      then();
    };
    window.addEventListener('keydown', hear);
    return () => window.removeEventListener('keydown', hear);
  }, []);
}

import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

export interface DrawerProps {
  readonly title: string;
  /** A `drawer` stands at the side, a `dialog` in the middle. */
  readonly kind?: 'drawer' | 'dialog';
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/**
 * Something that must be closed before one goes on. The browser's own modal dialog keeps the focus in it and lets Escape
 * close it; whatever had the focus before gets it back.
 */
export function Drawer({ title, kind = 'drawer', onClose, children }: DrawerProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before the next key is pressed, which is meant for what is in it.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    return () => {
      // What is behind an open dialog cannot have the focus.
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={kind}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      closedby="any"
    >
      <div class="sheet">
        <header>
          <h2 id={id}>{title}</h2>
          <button type="button" class="plain icon" aria-label="Close" onClick={onClose}>
            <span aria-hidden="true">✕</span>
          </button>
        </header>
        <div class="body">{children}</div>
      </div>
    </dialog>
  );
}

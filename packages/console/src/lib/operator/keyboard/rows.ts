const opener = 'button, a[href], summary';

/** Moves the focus by so many rows of the table that has it, or into the first table of the view. */
export function moveRow(main: HTMLElement, by: 1 | -1): void {
  const here = document.activeElement?.closest('tbody');
  const table = here && main.contains(here) ? here : main.querySelector('tbody');
  const openers = [...(table?.rows ?? [])].flatMap((row) => row.querySelector<HTMLElement>(opener) ?? []);
  const at = openers.findIndex((one) => one.closest('tr')?.contains(document.activeElement));
  const next = at === -1 ? 0 : at + by;
  openers[Math.min(Math.max(next, 0), openers.length - 1)]?.focus();
}

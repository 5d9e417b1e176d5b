import type { ComponentChildren } from 'preact';

export interface TableProps {
  readonly caption: string;
  readonly columns: readonly string[];
  /** Rows of `<tr>`. */
  readonly children: ComponentChildren;
}

/** A table that scrolls by itself where the screen is too narrow for it. */
export function Table({ caption, columns, children }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section class="scroll" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}

/** One guest of a batch, by the line it begins on, as JSON text; or why the line is none. */
export type BatchInput =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly fault: string };

/**
 * Keeps a label to few values: the known ones and, in the order they come, `further` others. All that come later are
 * `other`, so that nobody can make a metric grow without end.
 */
export function createLabel(
  known: readonly string[],
  { further = 0 }: { readonly further?: number } = {},
): (value: string) => string {
  const values = new Set(known);
  const most = values.size + further;
  return (value) => {
    if (values.has(value)) return value;
    if (values.size >= most || !/^[\w.:-]{1,64}$/.test(value)) return 'other';
    values.add(value);
    return value;
  };
}

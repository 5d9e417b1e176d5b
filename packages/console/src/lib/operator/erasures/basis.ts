/** Why something was done, as its audit record tells; nothing when the record is damaged or tells of none. */
export function basisOf(line: string): string {
  try {
    const { basis } = JSON.parse(line);
    return typeof basis === 'string' ? basis : '';
  } catch {
    return '';
  }
}

/**
 * The platform's id for a request, when its answer gave one: at most 128 characters of printable ASCII, whatever the
 * header holds, since it stands in records and on terminals.
 */
export function correlationIdOf(headers: Readonly<Record<string, string>>): string | undefined {
  const id = headers['inin-correlation-id'];
  return id === undefined ? undefined : id.replace(unprintable, '').slice(0, longestId) || undefined;
}

const unprintable = /[^\x21-\x7e]/g;
const longestId = 128;

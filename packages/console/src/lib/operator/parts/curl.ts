/**
 * What to type to ask the same of the operator API. The token stays a variable of the shell: it is never in the page, and
 * what is pasted into a ticket must not hold it.
 */
export function curlOf(path: string, origin: string): string {
  return `curl --fail-with-body -H "Authorization: Bearer $GUESTPASS_OPERATOR_TOKEN" ${quoted(new URL(path, origin).href)}`;
}

/** One word for a POSIX shell, whatever it holds. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** An instant in local time; the exact one in UTC is told on hover and to programs. */
export function Instant({ at, withDay = false }: { readonly at: string; readonly withDay?: boolean }) {
  const date = new Date(at);
  const time = date.toLocaleTimeString('en-GB');
  return (
    <time dateTime={at} title={at} class="number nowrap">
      {withDay ? `${date.toLocaleDateString('en-CA')} ${time}` : time}
    </time>
  );
}

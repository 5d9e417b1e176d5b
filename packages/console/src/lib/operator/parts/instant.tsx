import { dayWords, timeWords } from '../../words/instants.ts';
import { useZone } from '../preferences/preferences.ts';

/** An instant by the clock that was chosen; by the other one on hover, and in UTC to programs. */
export function Instant({ at, withDay = false }: { readonly at: string | number; readonly withDay?: boolean }) {
  const zone = useZone();
  return (
    <time
      dateTime={new Date(at).toISOString()}
      title={dayWords(at, zone === 'utc' ? 'local' : 'utc')}
      class="number nowrap"
    >
      {withDay ? dayWords(at, zone) : timeWords(at, zone)}
    </time>
  );
}

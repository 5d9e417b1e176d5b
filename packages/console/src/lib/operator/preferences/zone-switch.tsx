import { useContext } from 'preact/hooks';
import { PreferencesContext } from './preferences.ts';

/** Tells instants in UTC, or again by the clock of the place. */
export function ZoneSwitch() {
  const zone = useContext(PreferencesContext)?.zone;
  if (!zone) return null;
  return (
    <button
      type="button"
      class="plain small"
      aria-pressed={zone.value === 'utc'}
      title="Tell times in UTC"
      onClick={() => {
        zone.value = zone.value === 'utc' ? 'local' : 'utc';
      }}
    >
      UTC
    </button>
  );
}

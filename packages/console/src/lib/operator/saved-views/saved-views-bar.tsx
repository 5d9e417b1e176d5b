import { useSignal } from '@preact/signals';
import { CopyButton } from '../parts/copy-button.tsx';
import { Drawer } from '../parts/drawer.tsx';
import { addressOf, type Navigation } from '../place.ts';
import { filteredPlace, isFiltered, isSamePlace, nameParam, type SavedViews, sharedAddress } from './saved-views.ts';

export interface SavedViewsBarProps {
  readonly views: SavedViews;
  readonly navigation: Navigation;
}

/** The saved views of this list, and what can be done with the one that is shown. */
export function SavedViewsBar({ views, navigation }: SavedViewsBarProps) {
  const naming = useSignal(false);
  const place = navigation.place.value;
  const mine = views.list.value.filter((one) => one.place.view === place.view);
  const shown = mine.find((one) => isSamePlace(one.place, place));
  const given = place.params[nameParam] ?? '';
  if (mine.length === 0 && !isFiltered(place)) return null;
  const link = () =>
    new URL(sharedAddress({ name: shown?.name ?? given, place: filteredPlace(place) }), location.href).href;
  return (
    <div class="toolbar">
      {mine.length > 0 && (
        <nav aria-label="Saved views">
          <ul class="toolbar">
            {mine.map((one) => (
              <li key={one.name}>
                <a
                  class="button"
                  href={addressOf(one.place)}
                  aria-current={one === shown ? 'true' : undefined}
                  onClick={(event) => {
                    event.preventDefault();
                    navigation.go(one.place.view, one.place.params);
                  }}
                >
                  {one.name}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      )}
      {!shown && isFiltered(place) && (
        <button
          type="button"
          onClick={() => {
            naming.value = true;
          }}
        >
          Save this view …
        </button>
      )}
      {shown && (
        <button type="button" class="plain" onClick={() => views.remove(shown.name)}>
          Remove “{shown.name}”
        </button>
      )}
      {isFiltered(place) && <CopyButton label="Copy link" text={link} />}
      {naming.value && (
        <NameDialog
          suggested={given}
          onName={(name) => views.save({ name, place })}
          onClose={() => {
            naming.value = false;
          }}
        />
      )}
    </div>
  );
}

interface NameDialogProps {
  /** What the view is called where it came from. */
  readonly suggested: string;
  readonly onName: (name: string) => void;
  readonly onClose: () => void;
}

function NameDialog({ suggested, onName, onClose }: NameDialogProps) {
  const name = useSignal(suggested.slice(0, 60));
  const submit = (event: Event) => {
    event.preventDefault();
    onName(name.value.trim());
    onClose();
  };
  return (
    <Drawer title="Save this view" kind="dialog" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <label>
          Name
          <input
            required
            maxLength={60}
            pattern=".*\S.*"
            autoComplete="off"
            value={name.value}
            onInput={(event) => {
              name.value = event.currentTarget.value;
            }}
          />
        </label>
        <p class="small quiet">Its filters are kept in this browser. To share it, copy its link.</p>
        <div class="actions">
          <button type="submit" class="main">
            Save it
          </button>
        </div>
      </form>
    </Drawer>
  );
}

import { useSignal } from '@preact/signals';
import { useContext, useEffect, useId, useRef } from 'preact/hooks';
import { Drawer } from '../parts/drawer.tsx';
import type { Navigation } from '../place.ts';
import { PreferencesContext } from '../preferences/preferences.ts';
import type { SavedViews } from '../saved-views/saved-views.ts';
import { type Choice, choicesFor, type Titles } from './choices.ts';

export interface PaletteProps {
  /** Of the views that may be opened. */
  readonly titles: Titles;
  readonly saved: SavedViews;
  readonly navigation: Navigation;
  readonly onKeys: () => void;
  readonly onClose: () => void;
}

/** Finds views, saved views, commands, and what has an id; Enter takes the choice. */
export function Palette({ titles, saved, navigation, onKeys, onClose }: PaletteProps) {
  const preferences = useContext(PreferencesContext);
  const text = useSignal('');
  const choices = choicesFor({ text: text.value, titles, saved: saved.list.value });
  const take = ({ deed }: Choice) => {
    onClose();
    if (deed.does === 'go') navigation.go(deed.place.view, deed.place.params);
    else if (deed.does === 'keys') onKeys();
    else if (deed.does === 'zone' && preferences) preferences.zone.value = deed.zone;
    else if (deed.does === 'theme' && preferences) preferences.theme.value = deed.theme;
  };
  return (
    <Drawer title="Go to" kind="dialog" onClose={onClose}>
      <Combobox
        choices={choices}
        text={text.value}
        onText={(typed) => {
          text.value = typed;
        }}
        onTake={take}
      />
    </Drawer>
  );
}

interface ComboboxProps {
  readonly choices: readonly Choice[];
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly onTake: (choice: Choice) => void;
}

/** A field with a list below it; the focus stays in the field (WAI-ARIA Authoring Practices, combobox). */
function Combobox({ choices, text, onText, onTake }: ComboboxProps) {
  const id = useId();
  const at = useSignal(0);
  const list = useRef<HTMLDivElement>(null);
  const active = choices[Math.min(at.value, choices.length - 1)];
  const idOf = (choice: Choice) => `${id}-${choice.id}`;
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [active?.id]);
  const press = (event: KeyboardEvent) => {
    const steps: Readonly<Record<string, number>> = { ArrowDown: at.value + 1, ArrowUp: at.value - 1 };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      at.value = (step + choices.length) % Math.max(1, choices.length);
    }
    if (event.key === 'Enter' && active && !event.isComposing) {
      event.preventDefault();
      onTake(active);
    }
  };
  return (
    <>
      <input
        // The dialog gives it the focus when it opens.
        autofocus
        role="combobox"
        aria-label="View, attempt, guest or command"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={active ? idOf(active) : undefined}
        autoComplete="off"
        spellcheck={false}
        placeholder="View, id of an attempt or guest, command …"
        value={text}
        onInput={(event) => {
          at.value = 0;
          onText(event.currentTarget.value);
        }}
        onKeyDown={press}
      />
      <div ref={list} id={`${id}-list`} role="listbox" aria-label="Choices" class="choices-found">
        {choices.map((choice) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field takes the keys, and names the option it means.
          <div
            key={choice.id}
            id={idOf(choice)}
            role="option"
            tabIndex={-1}
            aria-selected={choice === active}
            onClick={() => onTake(choice)}
          >
            <span>{choice.words}</span>
            <span class="small quiet">{choice.kind}</span>
          </div>
        ))}
      </div>
      <p role="status" class="small quiet">
        {choices.length === 0
          ? 'Nothing is called like this. Whole ids of attempts, deliveries and guests are found too.'
          : ''}
      </p>
    </>
  );
}

import type { Zone } from '../../words/instants.ts';
import type { Place, View } from '../place.ts';
import type { Theme } from '../preferences/preferences.ts';
import type { SavedView } from '../saved-views/saved-views.ts';

/** What is done when a choice is taken. */
export type Deed =
  | { readonly does: 'go'; readonly place: Place }
  | { readonly does: 'theme'; readonly theme: Theme }
  | { readonly does: 'zone'; readonly zone: Zone }
  | { readonly does: 'keys' };

/** What views are called. */
export type Titles = Readonly<Partial<Record<View, string>>>;

/** Something to choose. */
export interface Choice {
  readonly id: string;
  /** What kind of thing it is, told beside its name. */
  readonly kind: 'attempt' | 'delivery' | 'guest' | 'view' | 'saved view' | 'command';
  readonly words: string;
  readonly deed: Deed;
}

export interface ChoiceTerms {
  /** What was typed. */
  readonly text: string;
  /** Of the views that may be opened. */
  readonly titles: Titles;
  readonly saved: readonly SavedView[];
}

/** What fits the text: whoever pastes an id means what has it; else each word of the text must be in the name. */
export function choicesFor({ text, titles, saved }: ChoiceTerms): readonly Choice[] {
  const wanted = text.trim();
  const words = wanted.toLowerCase().split(/\s+/);
  const named = [...viewsOf(titles), ...savedOf(saved), ...commands].filter((choice) => {
    const name = `${choice.words} ${choice.kind}`.toLowerCase();
    return words.every((word) => name.includes(word));
  });
  return [...byId(wanted, titles), ...named];
}

/** Ids are told by their form. */
function byId(id: string, titles: Titles): readonly Choice[] {
  if (/^att_[\w-]+$/.test(id)) {
    const place: Place = { view: 'attempts', params: { attempt: id } };
    return [{ id: 'id', kind: 'attempt', words: `Open ${id}`, deed: { does: 'go', place } }];
  }
  if (/^dlv_[\w-]+$/.test(id)) {
    const place: Place = { view: 'deliveries', params: { delivery: id } };
    return [{ id: 'id', kind: 'delivery', words: `Open ${id}`, deed: { does: 'go', place } }];
  }
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return [];
  const go = (place: Place): Deed => ({ does: 'go', place });
  const attempts: Choice = {
    id: 'id',
    kind: 'guest',
    words: `Attempts of ${id}`,
    deed: go({ view: 'attempts', params: { text: id } }),
  };
  if (titles.erasures === undefined) return [attempts];
  return [
    attempts,
    { id: 'subject', kind: 'guest', words: `Rights of ${id}`, deed: go({ view: 'erasures', params: { guest: id } }) },
  ];
}

function viewsOf(titles: Titles): readonly Choice[] {
  // A cast, because the keys of an object are not told by its type.
  return (Object.keys(titles) as View[]).map((view) => ({
    id: `view-${view}`,
    kind: 'view',
    words: titles[view] ?? view,
    deed: { does: 'go', place: { view, params: {} } },
  }));
}

function savedOf(saved: readonly SavedView[]): readonly Choice[] {
  return saved.map(({ name, place }, index) => ({
    id: `saved-${index}`,
    kind: 'saved view',
    words: name,
    deed: { does: 'go', place },
  }));
}

const commands: readonly Choice[] = [
  { id: 'zone-utc', kind: 'command', words: 'Tell times in UTC', deed: { does: 'zone', zone: 'utc' } },
  { id: 'zone-local', kind: 'command', words: 'Tell local times', deed: { does: 'zone', zone: 'local' } },
  { id: 'theme-dark', kind: 'command', words: 'Dark theme', deed: { does: 'theme', theme: 'dark' } },
  { id: 'theme-light', kind: 'command', words: 'Light theme', deed: { does: 'theme', theme: 'light' } },
  {
    id: 'theme-system',
    kind: 'command',
    words: 'Theme of the system',
    deed: { does: 'theme', theme: 'system' },
  },
  { id: 'keys', kind: 'command', words: 'List the keys', deed: { does: 'keys' } },
];

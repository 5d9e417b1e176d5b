import { type ReadonlySignal, signal } from '@preact/signals';
import { addressOf, type Place, parsePlace } from '../place.ts';

/** A view with filters that somebody has given a name. */
export interface SavedView {
  readonly name: string;
  readonly place: Place;
}

/** The views of this browser. They are kept as addresses, so that one that is not understood any more does no harm. */
export interface SavedViews {
  readonly list: ReadonlySignal<readonly SavedView[]>;
  /** Keeps a view, instead of one of the same name. */
  save(view: SavedView): void;
  remove(name: string): void;
}

/** Filters of each view that has any; what is open on it is no part of a saved view. */
const filters: Readonly<Partial<Record<Place['view'], readonly string[]>>> = {
  attempts: ['outcome', 'code', 'channel', 'text'],
  deliveries: ['state', 'endpoint'],
  audit: ['type'],
};

/** The parameter of a shared link that tells what its view is called. */
export const nameParam = 'named';

/** The place with its filters alone. */
export function filteredPlace({ view, params }: Place): Place {
  const names = filters[view] ?? [];
  const given = names.flatMap((name) => (params[name] ? [[name, params[name]] as const] : []));
  return { view, params: Object.fromEntries(given) };
}

export function isFiltered(place: Place): boolean {
  return Object.keys(filteredPlace(place).params).length > 0;
}

/** Whether both show the same. */
export function isSamePlace(one: Place, other: Place): boolean {
  return addressOf(filteredPlace(one)) === addressOf(filteredPlace(other));
}

/** Path and query that open the view elsewhere, and tell its name. */
export function sharedAddress({ name, place: { view, params } }: SavedView): string {
  return addressOf({ view, params: { ...params, [nameParam]: name } });
}

const storageName = 'guestpass.views';
const mostViews = 50;

export function createSavedViews(storage: Pick<Storage, 'getItem' | 'setItem'>): SavedViews {
  const list = signal(parseViews(storage.getItem(storageName)));
  const keep = (views: readonly SavedView[]) => {
    list.value = views.slice(-mostViews);
    const kept = list.value.map(({ name, place }) => ({ name, address: addressOf(place) }));
    storage.setItem(storageName, JSON.stringify(kept));
  };
  const without = (name: string) => list.value.filter((one) => one.name !== name);
  return {
    list,
    save: ({ name, place }) => keep([...without(name), { name, place: filteredPlace(place) }]),
    remove: (name) => keep(without(name)),
  };
}

/** What another version left there, or somebody else, counts as nothing. */
function parseViews(text: string | null): readonly SavedView[] {
  let found: unknown;
  try {
    found = JSON.parse(text ?? '[]');
  } catch {
    return [];
  }
  if (!Array.isArray(found)) return [];
  return found.flatMap((one) => {
    if (typeof one?.name !== 'string' || typeof one.address !== 'string') return [];
    const url = URL.parse(one.address, 'http://console.invalid');
    return url ? [{ name: one.name, place: filteredPlace(parsePlace(url)) }] : [];
  });
}

import { type ReadonlySignal, signal } from '@preact/signals';

export const views = ['overview', 'attempts', 'deliveries', 'endpoints', 'audit', 'erasures', 'health'] as const;

export type View = (typeof views)[number];

/** What the address says: the view, and its filters and open drawer as parameters. */
export interface Place {
  readonly view: View;
  readonly params: Readonly<Record<string, string>>;
}

const base = '/console';

export function parsePlace({ pathname, search }: Pick<URL, 'pathname' | 'search'>): Place {
  const [name = ''] = pathname.slice(base.length + 1).split('/');
  const view = views.find((one) => one === name) ?? 'overview';
  return { view, params: Object.fromEntries(new URLSearchParams(search)) };
}

export function addressOf({ view, params }: Place): string {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== ''));
  const path = view === 'overview' ? base : `${base}/${view}`;
  return query.size > 0 ? `${path}?${query}` : path;
}

/** Where the console is. The address bar is the only place that this is kept. */
export interface Navigation {
  readonly place: ReadonlySignal<Place>;
  /** Goes to a view, as a step that the back button undoes. */
  go(view: View, params?: Place['params']): void;
  /** Changes parameters of this view; `null` takes one away. */
  change(params: Readonly<Record<string, string | null>>): void;
}

export function createNavigation(window: Window): Navigation {
  const { location, history } = window;
  const place = signal(parsePlace(location));
  window.addEventListener('popstate', () => {
    place.value = parsePlace(location);
  });
  const show = (next: Place, replace: boolean) => {
    if (replace) history.replaceState(null, '', addressOf(next));
    else history.pushState(null, '', addressOf(next));
    place.value = next;
  };
  return {
    place,
    go: (view, params = {}) => show({ view, params }, false),
    change(params) {
      const { view, params: before } = place.peek();
      const after = Object.entries({ ...before, ...params }).filter(
        (entry): entry is [string, string] => entry[1] !== null && entry[1] !== '',
      );
      show({ view, params: Object.fromEntries(after) }, true);
    },
  };
}

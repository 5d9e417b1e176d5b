import { useSignal, useSignalEffect } from '@preact/signals';
import type { Clock } from 'guestpass';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { AttemptsView } from '../attempts/attempts-view.tsx';
import { AuditView } from '../audit/audit-view.tsx';
import { type Live, type LiveState, openLive } from '../data/live.ts';
import type { SignedIn } from '../data/views.ts';
import { DeliveriesView } from '../deliveries/deliveries-view.tsx';
import { EndpointsView } from '../endpoints/endpoints-view.tsx';
import { ErasuresView } from '../erasures/erasures-view.tsx';
import { HealthView } from '../health/health-view.tsx';
import { createKeysSwitch } from '../keyboard/keys-switch.ts';
import { ShortcutList } from '../keyboard/shortcut-list.tsx';
import { useShortcuts } from '../keyboard/use-shortcuts.ts';
import { createHistory } from '../overview/history.ts';
import { OverviewView } from '../overview/overview-view.tsx';
import { Palette } from '../palette/palette.tsx';
import { usePaletteKey } from '../palette/use-palette-key.ts';
import { Allowed } from '../parts/signed-in.tsx';
import { addressOf, type Navigation, type View, views } from '../place.ts';
import { ZoneSwitch } from '../preferences/zone-switch.tsx';
import { createSavedViews } from '../saved-views/saved-views.ts';

export interface DeskProps {
  readonly clock: Clock;
  readonly navigation: Navigation;
  readonly operator: SignedIn;
  readonly onLeave: () => Promise<void>;
  /** The gateway refused its news; perhaps it does not take the session any more. */
  readonly onRefused: () => Promise<void>;
}

const titles: Readonly<Record<View, string>> = {
  overview: 'Overview',
  attempts: 'Attempts',
  deliveries: 'Deliveries',
  endpoints: 'Webhook endpoints',
  audit: 'Audit log',
  erasures: 'Erasures and holds',
  health: 'Health',
};

/** What a view is called where there is little room. */
const shortTitles: Readonly<Record<View, string>> = {
  ...titles,
  endpoints: 'Endpoints',
  audit: 'Audit',
  erasures: 'Erasures',
};

/** What a view asks for first; whoever may not has no use for it. */
const asksFor: Readonly<Record<View, string>> = {
  overview: 'listAttempts',
  attempts: 'listAttempts',
  deliveries: 'listDeliveries',
  endpoints: 'listWebhookEndpoints',
  audit: 'listAuditRecords',
  erasures: 'listHolds',
  health: 'getConfiguration',
};

/** Everything an operator sees after signing in. */
export function Desk({ clock, navigation, operator, onLeave, onRefused }: DeskProps) {
  const live = useMemo(() => openLive(clock), [clock]);
  const history = useMemo(() => createHistory(live, clock), [live, clock]);
  const saved = useMemo(() => createSavedViews(localStorage), []);
  const keysAreOn = useMemo(() => createKeysSwitch(localStorage), []);
  const [listsKeys, finds] = [useSignal(false), useSignal(false)];
  const main = useRef<HTMLElement>(null);
  const nav = useRef<HTMLElement>(null);
  useEffect(
    () => () => {
      history[Symbol.dispose]();
      live[Symbol.dispose]();
    },
    [live, history],
  );
  useSignalEffect(() => {
    if (live.state.value === 'refused') void onRefused();
  });
  const { view } = navigation.place.value;
  useEffect(() => {
    document.title = `${titles[view]} · Guestpass`;
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [view]);

  const allowed = views.filter((one) => operator.may.includes(asksFor[one]));
  const goTo = (to: View) => {
    navigation.go(to);
    main.current?.focus();
  };
  const go = (event: MouseEvent, to: View) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    goTo(to);
  };
  const listKeys = () => {
    listsKeys.value = true;
  };
  const find = () => {
    finds.value = true;
  };
  usePaletteKey(find);
  useShortcuts({ isOn: keysAreOn, clock, main: () => main.current, onGo: goTo, onList: listKeys });

  return (
    <div class="desk">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="bar">
        <p class="brand">
          <span class="emblem" aria-hidden="true" />
          <strong>Guestpass</strong>
        </p>
        <nav aria-label="Views" ref={nav}>
          <ul>
            {allowed.map((one) => (
              <li key={one}>
                <a
                  href={addressOf({ view: one, params: {} })}
                  aria-label={titles[one]}
                  aria-current={one === view ? 'page' : undefined}
                  onClick={(event) => go(event, one)}
                >
                  {shortTitles[one]}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <LiveWord state={history.readiness.value === null && live.state.value === 'live' ? 'away' : live.state.value} />
        <p class="small who">
          <span class="unseen">Signed in as</span> <strong>{operator.name}</strong>{' '}
          <span class="quiet">({operator.role})</span>
        </p>
        <button type="button" class="plain small" aria-keyshortcuts="Control+K Meta+K" onClick={find}>
          Go to …
        </button>
        <ZoneSwitch />
        <button type="button" class="plain small keys-button" onClick={listKeys}>
          Keys
        </button>
        <button type="button" class="plain small" onClick={() => void onLeave()}>
          Sign out
        </button>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <h1>{titles[view]}</h1>
        <Allowed operation={asksFor[view]} what="This view">
          {view === 'overview' && <OverviewView history={history} navigation={navigation} clock={clock} />}
          {view === 'attempts' && <AttemptsView live={live} navigation={navigation} clock={clock} saved={saved} />}
          {view === 'deliveries' && <DeliveriesView live={live} navigation={navigation} clock={clock} saved={saved} />}
          {view === 'endpoints' && <EndpointsView navigation={navigation} />}
          {view === 'audit' && <AuditView navigation={navigation} saved={saved} />}
          {view === 'erasures' && <ErasuresView navigation={navigation} />}
          {view === 'health' && <HealthView clock={clock} />}
        </Allowed>
      </main>
      {finds.value && (
        <Palette
          titles={Object.fromEntries(allowed.map((one) => [one, titles[one]]))}
          saved={saved}
          navigation={navigation}
          onKeys={listKeys}
          onClose={() => {
            finds.value = false;
          }}
        />
      )}
      {listsKeys.value && (
        <ShortcutList
          isOn={keysAreOn}
          onClose={() => {
            listsKeys.value = false;
          }}
        />
      )}
    </div>
  );
}

const liveWords: Readonly<Record<LiveState, string>> = {
  connecting: 'Connecting …',
  live: 'Live',
  away: 'Reconnecting …',
  refused: 'Not connected',
};

function LiveWord({ state }: { readonly state: Live['state']['value'] }) {
  return (
    <p class="live" role="status" data-state={state}>
      {liveWords[state]}
    </p>
  );
}

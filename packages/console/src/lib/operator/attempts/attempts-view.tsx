import type { Clock } from 'guestpass';
import { useRef } from 'preact/hooks';
import { countWords } from '../../words/numbers.ts';
import type { Live } from '../data/live.ts';
import { ExportLinks } from '../parts/export-links.tsx';
import { OlderButton } from '../parts/older-button.tsx';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { Allowed } from '../parts/signed-in.tsx';
import type { Navigation } from '../place.ts';
import type { SavedViews } from '../saved-views/saved-views.ts';
import { SavedViewsBar } from '../saved-views/saved-views-bar.tsx';
import { AttemptDrawer } from './attempt-drawer.tsx';
import { AttemptFilters } from './attempt-filters.tsx';
import { AttemptTable } from './attempt-table.tsx';
import { guestIn, matches } from './rows.ts';
import { type AttemptList, useAttempts } from './use-attempts.ts';
import { useScrolledPast } from './use-scrolled-past.ts';

export interface AttemptsViewProps {
  readonly live: Live;
  readonly navigation: Navigation;
  readonly clock: Clock;
  readonly saved: SavedViews;
}

/** Attempts as they end, newest first, and one of them in full. */
export function AttemptsView({ live, navigation, clock, saved }: AttemptsViewProps) {
  const { outcome, code, channel, text, attempt } = navigation.place.value.params;
  const filter = { outcome, code, channel, text };
  const guest = guestIn(text);
  const top = useRef<HTMLDivElement>(null);
  const isAway = useScrolledPast(top);
  const list = useAttempts(live, { filter, isAway, clock });
  const fresh = list.waiting.value.length;
  const rows = list.rows.value.filter((row) => matches(row, { text }));
  return (
    <>
      <AttemptFilters navigation={navigation} />
      <SavedViewsBar views={saved} navigation={navigation} />
      <div class="toolbar" ref={top}>
        <button type="button" aria-pressed={list.paused.value} onClick={list.paused.value ? list.resume : list.pause}>
          {list.paused.value ? 'Resume' : 'Pause'}
        </button>
        <p role="status" class="small quiet">
          {list.paused.value
            ? `Paused: ${countWords(fresh)} new.`
            : list.oneIn.value > 1
              ? `Showing 1 in ${list.oneIn.value}: more than 50 a second arrive.`
              : ''}
        </p>
        <Allowed operation="exportAttempts" what="Exporting attempts">
          <ExportLinks
            path="/v1/attempts/export"
            query={{ outcome, code, channel, guest }}
            note={text && guest === undefined ? 'The text is no filter of an export.' : undefined}
          />
        </Allowed>
      </div>
      <ProblemNotice problem={list.problem.value} />
      {isAway.value && fresh > 0 && (
        <button type="button" class="main pill" onClick={() => showNew(top.current, list)}>
          <span aria-hidden="true">↑</span> {countWords(fresh)} new
        </button>
      )}
      <AttemptTable
        rows={rows}
        loading={list.loading.value}
        isFiltered={Object.values(filter).some(Boolean)}
        onOpen={(id) => navigation.change({ attempt: id })}
      />
      <OlderButton pages={list} />
      {attempt !== undefined && (
        <AttemptDrawer
          key={attempt}
          id={attempt}
          navigation={navigation}
          onClose={() => navigation.change({ attempt: null })}
        />
      )}
    </>
  );
}

/** Goes back to where new rows come in; the button that was pressed is gone then, so the focus goes there too. */
function showNew(top: HTMLElement | null, list: AttemptList): void {
  list.resume();
  top?.querySelector('button')?.focus();
}

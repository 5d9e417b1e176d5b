import { useSignal } from '@preact/signals';
import type { Clock } from 'guestpass';
import { useEffect } from 'preact/hooks';
import type { Live } from '../data/live.ts';
import type { Delivery, Endpoint, Page } from '../data/views.ts';
import { ExportLinks } from '../parts/export-links.tsx';
import { IdLink } from '../parts/id-link.tsx';
import { Instant } from '../parts/instant.tsx';
import { OlderButton } from '../parts/older-button.tsx';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { Allowed } from '../parts/signed-in.tsx';
import { Table } from '../parts/table.tsx';
import { StateTag } from '../parts/tag.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { usePages } from '../parts/use-pages.ts';
import type { Navigation } from '../place.ts';
import type { SavedViews } from '../saved-views/saved-views.ts';
import { SavedViewsBar } from '../saved-views/saved-views-bar.tsx';
import { DeliveryDrawer } from './delivery-drawer.tsx';
import { withNews } from './news.ts';
import { ReplayDialog } from './replay-dialog.tsx';

export interface DeliveriesViewProps {
  readonly live: Live;
  readonly navigation: Navigation;
  readonly clock: Clock;
  readonly saved: SavedViews;
}

const states = ['pending', 'delivered', 'dead', 'held'];
const columns = ['Created', 'Delivery', 'State', 'Event', 'Endpoint', 'Tries', 'Next try'];

/** Webhook deliveries, newest first; replays of one or of many. */
export function DeliveriesView({ live, navigation, clock, saved }: DeliveriesViewProps) {
  const { state, endpoint, delivery } = navigation.place.value.params;
  const pages = usePages<Delivery>('/v1/deliveries', { state, endpoint }, ({ id }) => id);
  const endpoints = useLoaded<Page<Endpoint>>('/v1/webhook-endpoints').body.value?.data ?? [];
  const replaying = useSignal(false);
  useEffect(
    () =>
      live.listen(({ deliveries, missed }) => {
        if (missed) pages.reload();
        pages.items.value = withNews(pages.items.value, deliveries);
      }),
    [live],
  );
  const rows = pages.items.value.filter(
    (row) => (!state || row.state === state) && (!endpoint || row.endpointId === endpoint),
  );

  return (
    <>
      <search class="filters">
        <label>
          State
          <select value={state ?? ''} onChange={(event) => navigation.change({ state: event.currentTarget.value })}>
            <option value="">any</option>
            {states.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <label>
          Endpoint
          <select
            value={endpoint ?? ''}
            onChange={(event) => navigation.change({ endpoint: event.currentTarget.value })}
          >
            <option value="">any</option>
            {endpoints.map(({ id, url }) => (
              <option key={id} value={id}>
                {url}
              </option>
            ))}
          </select>
        </label>
        <Allowed operation="replayDeliveries" what="Replaying many">
          <button
            type="button"
            onClick={() => {
              replaying.value = true;
            }}
          >
            Replay many …
          </button>
        </Allowed>
      </search>
      <SavedViewsBar views={saved} navigation={navigation} />
      <div class="toolbar">
        <ExportLinks path="/v1/deliveries/export" query={{ state, endpoint }} />
      </div>
      <ProblemNotice problem={pages.problem.value} />
      {rows.length === 0 && !pages.loading.value ? (
        <p class="empty">
          {state || endpoint ? (
            'No delivery looks like this.'
          ) : (
            <>
              No deliveries yet. An endpoint is told of guests from the moment it is created;{' '}
              <code>npx guestpass listen</code> receives on this machine, and{' '}
              <code>npx guestpass trigger guest.authenticated</code> sends a sample.
            </>
          )}
        </p>
      ) : (
        <Table caption="Deliveries" columns={columns}>
          {rows.map((row) => (
            <DeliveryRow key={row.id} row={row} endpoints={endpoints} navigation={navigation} />
          ))}
        </Table>
      )}
      <OlderButton pages={pages} />
      {delivery !== undefined && (
        <DeliveryDrawer key={delivery} id={delivery} navigation={navigation} onChanged={pages.reload} />
      )}
      {replaying.value && (
        <ReplayDialog
          endpoints={endpoints}
          shown={{ ...(endpoint && { endpointId: endpoint }), ...(state && state !== 'pending' && { state }) }}
          clock={clock}
          onClose={() => {
            replaying.value = false;
            pages.reload();
          }}
        />
      )}
    </>
  );
}

interface DeliveryRowProps {
  readonly row: Delivery;
  readonly endpoints: readonly Endpoint[];
  readonly navigation: Navigation;
}

function DeliveryRow({ row, endpoints, navigation }: DeliveryRowProps) {
  const { id, createdAt, state, eventType, endpointId, tries, nextAt } = row;
  return (
    <tr>
      <td>
        <Instant at={createdAt} withDay />
      </td>
      <td>
        <IdLink id={id} onOpen={() => navigation.change({ delivery: id })} />
      </td>
      <td>
        <StateTag state={state} />
      </td>
      <td>{eventType}</td>
      <td class="clip">{endpoints.find((one) => one.id === endpointId)?.url ?? endpointId}</td>
      <td class="number">{tries}</td>
      <td>{nextAt !== null && <Instant at={nextAt} withDay />}</td>
    </tr>
  );
}

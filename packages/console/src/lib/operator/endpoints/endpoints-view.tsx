import { useSignal } from '@preact/signals';
import type { Endpoint, Page } from '../data/views.ts';
import { FactList } from '../parts/fact-list.tsx';
import { Instant } from '../parts/instant.tsx';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { Allowed, useMay } from '../parts/signed-in.tsx';
import { Tag } from '../parts/tag.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { addressOf, type Navigation } from '../place.ts';
import { type Deed, EndpointDialog } from './endpoint-dialog.tsx';
import { NewEndpointDialog } from './new-endpoint-dialog.tsx';

/** Who is told of outcomes. */
export function EndpointsView({ navigation }: { readonly navigation: Navigation }) {
  const { body, problem, loading, reload } = useLoaded<Page<Endpoint>>('/v1/webhook-endpoints');
  const creating = useSignal(false);
  const doing = useSignal<{ readonly deed: Deed; readonly endpoint: Endpoint } | null>(null);
  const endpoints = body.value?.data ?? [];
  return (
    <>
      <div class="toolbar">
        <Allowed operation="createWebhookEndpoint" what="Changing endpoints">
          <button
            type="button"
            class="main"
            onClick={() => {
              creating.value = true;
            }}
          >
            Add an endpoint
          </button>
        </Allowed>
      </div>
      <ProblemNotice problem={problem.value} />
      {endpoints.length === 0 && !loading.value && (
        <p class="empty">
          Nobody is told of guests yet. Add an endpoint; <code>npx guestpass listen</code> is one on this machine.
        </p>
      )}
      <ul class="endpoints">
        {endpoints.map((endpoint) => (
          <EndpointCard
            key={endpoint.id}
            endpoint={endpoint}
            navigation={navigation}
            onDeed={(deed) => {
              doing.value = { deed, endpoint };
            }}
          />
        ))}
      </ul>
      {creating.value && (
        <NewEndpointDialog
          onClose={() => {
            creating.value = false;
            reload();
          }}
        />
      )}
      {doing.value && (
        <EndpointDialog
          {...doing.value}
          onClose={() => {
            doing.value = null;
            reload();
          }}
        />
      )}
    </>
  );
}

interface EndpointCardProps {
  readonly endpoint: Endpoint;
  readonly navigation: Navigation;
  readonly onDeed: (deed: Deed) => void;
}

function EndpointCard({ endpoint, navigation, onDeed }: EndpointCardProps) {
  const { id, url, description, eventTypes, ordering, enabled, disabledReason, failingSince, failures, createdAt } =
    endpoint;
  const may = useMay();
  return (
    <li class="card">
      <h2 class="address">{url}</h2>
      <p class="toolbar">
        <Tag tone={enabled ? (failingSince === null ? 'good' : 'warn') : 'idle'} word={stateWord(endpoint)} />
        <span class="quiet">{description}</span>
      </p>
      <FactList
        facts={[
          ['Told of', eventTypes === null ? 'every event' : eventTypes.join(', ')],
          ['Order', ordering === 'guest' ? 'each event of a guest after the one before' : null],
          ['Disabled because', disabledReason],
          ['Failing since', failingSince === null ? null : <Instant at={failingSince} withDay />],
          ['Failures in a row', failures === 0 ? null : String(failures)],
          ['Created', <Instant key="created" at={createdAt} withDay />],
          ['Id', <code key="id">{id}</code>],
        ]}
      />
      <div class="actions">
        <a
          class="button"
          href={addressOf({ view: 'deliveries', params: { endpoint: id } })}
          onClick={(event) => {
            event.preventDefault();
            navigation.go('deliveries', { endpoint: id });
          }}
        >
          Deliveries
        </a>
        {may('rotateWebhookSecret') && (
          <button type="button" onClick={() => onDeed('rotate')}>
            Rotate the secret
          </button>
        )}
        {may('disableWebhookEndpoint') && (
          <button type="button" onClick={() => onDeed(enabled ? 'disable' : 'enable')}>
            {enabled ? 'Disable' : 'Enable'}
          </button>
        )}
        {may('removeWebhookEndpoint') && (
          <button type="button" class="danger" onClick={() => onDeed('remove')}>
            Remove
          </button>
        )}
      </div>
    </li>
  );
}

function stateWord({ enabled, failingSince }: Endpoint): string {
  if (!enabled) return 'disabled';
  return failingSince === null ? 'enabled' : 'failing';
}

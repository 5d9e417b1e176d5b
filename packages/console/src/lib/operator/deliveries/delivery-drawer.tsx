import { useSignal } from '@preact/signals';
import { ask } from '../../network.ts';
import { spanWords } from '../../words/numbers.ts';
import type { DeliveryDetail, DeliveryTry } from '../data/views.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { curlOf } from '../parts/curl.ts';
import { Drawer } from '../parts/drawer.tsx';
import { FactList } from '../parts/fact-list.tsx';
import { Instant } from '../parts/instant.tsx';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { ReasonForm } from '../parts/reason-form.tsx';
import { Allowed } from '../parts/signed-in.tsx';
import { StateTag, Tag } from '../parts/tag.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import type { Navigation } from '../place.ts';

export interface DeliveryDrawerProps {
  readonly id: string;
  readonly navigation: Navigation;
  readonly onChanged: () => void;
}

/** One delivery with every try of it. */
export function DeliveryDrawer({ id, navigation, onChanged }: DeliveryDrawerProps) {
  const path = `/v1/deliveries/${encodeURIComponent(id)}`;
  const { body, problem, reload } = useLoaded<DeliveryDetail>(path);
  const done = useSignal(false);
  const delivery = body.value;
  const replay = async (reason: string) => {
    const answer = await ask(`${path}/replay`, { method: 'POST', body: { reason } });
    if (!answer.ok) return answer.problem;
    done.value = true;
    reload();
    onChanged();
    return null;
  };
  return (
    <Drawer title={`Delivery ${id}`} onClose={() => navigation.change({ delivery: null })}>
      <ProblemNotice problem={problem.value} />
      {delivery && (
        <>
          <p class="toolbar">
            <CopyButton label="Copy as curl" text={() => curlOf(path, location.origin)} />
          </p>
          <DeliveryFacts delivery={delivery} navigation={navigation} />
          <section>
            <h3>Tries</h3>
            {delivery.attempts.length === 0 && <p class="quiet">None yet.</p>}
            <ol class="records">
              {delivery.attempts.map((tried) => (
                <TryRow key={tried.number} tried={tried} />
              ))}
            </ol>
          </section>
          {delivery.body !== null && (
            <details>
              <summary>What is sent</summary>
              <pre>{delivery.body}</pre>
            </details>
          )}
          <section>
            <h3>Replay</h3>
            {done.value ? (
              <p class="notice good" role="status">
                It is due now, with the same id and the same bytes.
              </p>
            ) : (
              <Allowed operation="replayDelivery" what="A replay">
                <ReasonForm action="Deliver once more" onSubmit={replay} />
              </Allowed>
            )}
          </section>
        </>
      )}
    </Drawer>
  );
}

interface DeliveryFactsProps {
  readonly delivery: DeliveryDetail;
  readonly navigation: Navigation;
}

function DeliveryFacts({ delivery, navigation }: DeliveryFactsProps) {
  const { state, eventType, eventId, attemptId, endpointId, createdAt, nextAt, waitsFor, settledAt } = delivery;
  const openAttempt = (id: string) => (
    <button type="button" class="link mono" onClick={() => navigation.go('attempts', { attempt: id })}>
      {id}
    </button>
  );
  return (
    <FactList
      facts={[
        ['State', <StateTag key="state" state={state} />],
        ['Event', eventType],
        ['webhook-id', <code key="event">{eventId}</code>],
        ['Endpoint', <code key="endpoint">{endpointId}</code>],
        ['Attempt', attemptId === null ? null : openAttempt(attemptId)],
        ['Created', <Instant key="created" at={createdAt} withDay />],
        ['Next try', nextAt === null ? null : <Instant at={nextAt} withDay />],
        ['Waits for', waitsFor === null ? null : <code key="waits">{waitsFor}</code>],
        ['Settled', settledAt === null ? null : <Instant at={settledAt} withDay />],
      ]}
    />
  );
}

function TryRow({ tried }: { readonly tried: DeliveryTry }) {
  const { number, startedAt, durationMs, outcome, responseStatus, responseExcerpt } = tried;
  return (
    <li>
      <span class="number">{number}.</span> <Instant at={startedAt} withDay />{' '}
      <Tag tone={outcome === 'delivered' ? 'good' : 'bad'} word={outcome} />
      {responseStatus !== null && <span class="number"> {responseStatus}</span>}
      <span class="quiet number"> in {spanWords(durationMs)}</span>
      {responseExcerpt !== null && responseExcerpt !== '' && <pre class="excerpt">{responseExcerpt}</pre>}
    </li>
  );
}

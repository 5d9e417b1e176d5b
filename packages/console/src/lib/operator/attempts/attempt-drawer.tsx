import { useSignal } from '@preact/signals';
import { spanWords } from '../../words/numbers.ts';
import type { Attempt, AttemptDetail, AuditRecord, Delivery, Page } from '../data/views.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { curlOf } from '../parts/curl.ts';
import { Drawer } from '../parts/drawer.tsx';
import { FactList } from '../parts/fact-list.tsx';
import { IdLink } from '../parts/id-link.tsx';
import { Instant } from '../parts/instant.tsx';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { Prose } from '../parts/prose.tsx';
import { Allowed } from '../parts/signed-in.tsx';
import { OutcomeTag, StateTag } from '../parts/tag.tsx';
import { useErrorCodes } from '../parts/use-error-codes.ts';
import { useLoaded } from '../parts/use-loaded.ts';
import type { Navigation } from '../place.ts';
import { ConsentCard } from './consent-card.tsx';
import { ticketOf } from './ticket.ts';
import { Waterfall } from './waterfall-chart.tsx';

export interface AttemptDrawerProps {
  readonly id: string;
  readonly navigation: Navigation;
  readonly onClose: () => void;
}

/** One attempt in full: its stages, what is on record of it, and who was told. */
export function AttemptDrawer({ id, navigation, onClose }: AttemptDrawerProps) {
  const { body, problem } = useLoaded<AttemptDetail>(`/v1/attempts/${encodeURIComponent(id)}`);
  const attempt = body.value;
  return (
    <Drawer title={`Attempt ${id}`} onClose={onClose}>
      <ProblemNotice problem={problem.value} />
      {attempt && <AttemptBody attempt={attempt} navigation={navigation} />}
    </Drawer>
  );
}

function AttemptBody({ attempt, navigation }: { readonly attempt: AttemptDetail; readonly navigation: Navigation }) {
  const { outcome, code, detail, statusCodes, captcha, retries, durationMs } = attempt;
  const entry = useErrorCodes().get(code ?? '');
  return (
    <>
      <p class="toolbar">
        <OutcomeTag outcome={outcome} />
        {code !== null && <code>{code}</code>}
        <CopyButton label="Copy as ticket" text={() => ticketOf(attempt, entry)} />
        <CopyButton label="Copy as curl" text={() => curlOf(`/v1/attempts/${attempt.id}`, location.origin)} />
      </p>
      {detail !== null && (
        <div class={outcome === 'refused' ? 'notice warn' : 'notice bad'}>
          <p>{detail}</p>
          {entry && (
            <p class="small">
              <Prose text={entry.remedy} />
            </p>
          )}
        </div>
      )}
      <h3>Stages</h3>
      <Waterfall attempt={attempt} />
      <FactList
        facts={[
          ['Started', <Instant key="at" at={attempt.startedAt} withDay />],
          ['Took', durationMs === null ? null : spanWords(durationMs)],
          ['Channel', attempt.channelId],
          ['Guest', attempt.guestId],
          ['Consent given', attempt.consentTimestamp],
          ['Consent withdrawn', attempt.consentWithdrawnAt && <Instant at={attempt.consentWithdrawnAt} withDay />],
          ['Captcha', captcha && captchaWords(captcha)],
          ['Answers of the platform', statusCodes && statusCodes.length > 0 ? statusCodes.join(' → ') : null],
          ['Retries', retries === null ? null : String(retries)],
          ['Correlation id', attempt.correlationId],
          ['Trace', attempt.traceId],
        ]}
      />
      <ConsentCard attempt={attempt} />
      <AuditOf attemptId={attempt.id} />
      <DeliveriesOf attemptId={attempt.id} navigation={navigation} />
    </>
  );
}

function captchaWords({ provider, verified, score, unavailable }: NonNullable<Attempt['captcha']>): string {
  const told = score === null ? '' : `, score ${score}`;
  if (unavailable) return `${provider}, which was out of service${told}`;
  return `${provider}, ${verified ? 'verified by the provider' : 'taken at its word'}${told}`;
}

/** Whoever reads the audit log is on record in it, so it is not read before somebody asks. */
function AuditOf({ attemptId }: { readonly attemptId: string }) {
  const asked = useSignal(false);
  const path = `/v1/audit?attempt=${encodeURIComponent(attemptId)}`;
  const { body, problem } = useLoaded<Page<AuditRecord>>(asked.value ? path : null);
  return (
    <section>
      <h3>On record</h3>
      {!asked.value && (
        <Allowed operation="listAuditRecords" what="Reading the audit log">
          <p class="toolbar">
            <button
              type="button"
              onClick={() => {
                asked.value = true;
              }}
            >
              Read the audit log
            </button>
            <span class="small quiet">That you read it is put on record too.</span>
          </p>
        </Allowed>
      )}
      <ProblemNotice problem={problem.value} />
      <ol class="records">
        {body.value?.data.toReversed().map(({ sequence, eventType, recordedAt, hash, line }) => (
          <li key={sequence}>
            <details>
              <summary>
                <span class="number">#{sequence}</span> {eventType} <Instant at={recordedAt} />{' '}
                <code class="quiet">{hash.slice(0, 12)}…</code>
              </summary>
              <pre>{line}</pre>
            </details>
          </li>
        ))}
      </ol>
    </section>
  );
}

function DeliveriesOf({ attemptId, navigation }: { readonly attemptId: string; readonly navigation: Navigation }) {
  const { body, problem } = useLoaded<Page<Delivery>>(`/v1/deliveries?attempt=${encodeURIComponent(attemptId)}`);
  const deliveries = body.value?.data ?? [];
  return (
    <section>
      <h3>Who was told</h3>
      <ProblemNotice problem={problem.value} />
      {body.value && deliveries.length === 0 && <p class="quiet">Nobody: no endpoint asks for this event.</p>}
      <ul class="records">
        {deliveries.map(({ id, eventType, state, tries }) => (
          <li key={id}>
            <StateTag state={state} /> {eventType}, {tries === 1 ? 'one try' : `${tries} tries`}{' '}
            <IdLink id={id} onOpen={() => navigation.go('deliveries', { delivery: id })} />
          </li>
        ))}
      </ul>
    </section>
  );
}

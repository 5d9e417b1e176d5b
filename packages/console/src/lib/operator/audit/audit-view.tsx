import type { AuditRecord } from '../data/views.ts';
import { IdLink } from '../parts/id-link.tsx';
import { Instant } from '../parts/instant.tsx';
import { OlderButton } from '../parts/older-button.tsx';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { Table } from '../parts/table.tsx';
import { Tag } from '../parts/tag.tsx';
import { usePages } from '../parts/use-pages.ts';
import type { Navigation } from '../place.ts';
import type { SavedViews } from '../saved-views/saved-views.ts';
import { SavedViewsBar } from '../saved-views/saved-views-bar.tsx';
import { ChainCard } from './chain-card.tsx';

const types = [
  'WEBMESSAGING_GUEST_REQUESTED',
  'WEBMESSAGING_GUEST_AUTHENTICATED',
  'WEBMESSAGING_GUEST_REFUSED',
  'WEBMESSAGING_GUEST_FAILED',
  'WEBMESSAGING_GUEST_UNKNOWN',
  'WEBMESSAGING_GUEST_ERASED',
  'WEBMESSAGING_CONSENT_WITHDRAWN',
  'WEBMESSAGING_AUDIT_KEY_CHANGED',
  'WEBMESSAGING_CLOCK_SET_BACK',
  'WEBMESSAGING_SECRETS_CHANGED',
  'WEBMESSAGING_RETENTION_ATTEMPTS_DELETED',
  'WEBMESSAGING_RETENTION_PERSONAL_DATA_ERASED',
  'WEBMESSAGING_RETENTION_RECORDS_ARCHIVED',
  'OPERATOR_ATTEMPTS_EXPORT',
  'OPERATOR_ATTEMPT_READ',
  'OPERATOR_AUDIT_DESCRIBE',
  'OPERATOR_AUDIT_EXPORT',
  'OPERATOR_AUDIT_READ',
  'OPERATOR_AUDIT_VERIFY',
  'OPERATOR_CONSENT_WITHDRAWAL',
  'OPERATOR_DELIVERIES_EXPORT',
  'OPERATOR_DELIVERIES_PURGE',
  'OPERATOR_DELIVERIES_REPLAY',
  'OPERATOR_DELIVERY_READ',
  'OPERATOR_DELIVERY_REPLAY',
  'OPERATOR_ENDPOINT_CHANGE',
  'OPERATOR_ENDPOINT_CREATE',
  'OPERATOR_ENDPOINT_DISABLE',
  'OPERATOR_ENDPOINT_ENABLE',
  'OPERATOR_ENDPOINT_REMOVE',
  'OPERATOR_ENDPOINT_SECRET_ROTATE',
  'OPERATOR_ERASURE',
  'OPERATOR_GUEST_SEARCH',
  'OPERATOR_HOLD_LIFTED',
  'OPERATOR_HOLD_PLACED',
  'OPERATOR_STREAM_OPENED',
];

export interface AuditViewProps {
  readonly navigation: Navigation;
  readonly saved: SavedViews;
}

/** The audit log: whether it is whole, and its records, newest first. */
export function AuditView({ navigation, saved }: AuditViewProps) {
  const { type } = navigation.place.value.params;
  const pages = usePages<AuditRecord>('/v1/audit', { type });
  const newest = type ? undefined : pages.items.value[0];
  return (
    <>
      <ChainCard newest={newest} />
      <search class="filters">
        <label>
          Event
          <select value={type ?? ''} onChange={(event) => navigation.change({ type: event.currentTarget.value })}>
            <option value="">any</option>
            {types.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <button type="button" onClick={pages.reload}>
          Read again
        </button>
        <p class="small quiet">Each reading of the log is put on record in it.</p>
      </search>
      <SavedViewsBar views={saved} navigation={navigation} />
      <ProblemNotice problem={pages.problem.value} />
      <Table caption="Audit records" columns={['#', 'Recorded', 'Event', 'Attempt', 'Hash', 'Record']}>
        {pages.items.value.map((record) => (
          <RecordRow key={record.sequence} record={record} navigation={navigation} />
        ))}
      </Table>
      <OlderButton pages={pages} />
    </>
  );
}

function RecordRow({ record, navigation }: { readonly record: AuditRecord; readonly navigation: Navigation }) {
  const { sequence, recordedAt, eventType, attemptId, hash, line, damage } = record;
  return (
    <tr>
      <th scope="row" class="number">
        {sequence}
      </th>
      <td>
        <Instant at={recordedAt} withDay />
      </td>
      <td>
        {eventType}
        {damage !== null && (
          <p>
            <Tag tone="bad" word={damage} />
          </p>
        )}
      </td>
      <td>
        {attemptId !== null && (
          <IdLink id={attemptId} onOpen={() => navigation.go('attempts', { attempt: attemptId })} />
        )}
      </td>
      <td class="mono">{hash.slice(0, 12)}…</td>
      <td class="wide">
        <details>
          <summary>Show</summary>
          <pre>{line}</pre>
        </details>
      </td>
    </tr>
  );
}

import type { AuditRecord } from '../data/views.ts';
import { IdLink } from '../parts/id-link.tsx';
import { Instant } from '../parts/instant.tsx';
import { OlderButton } from '../parts/older-button.tsx';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { Table } from '../parts/table.tsx';
import { usePages } from '../parts/use-pages.ts';
import type { Navigation } from '../place.ts';
import { basisOf } from './basis.ts';

const columns = ['#', 'Taken back', 'Attempt', 'How'];

/** Consents that were taken back, newest first, as the audit log has them. */
export function WithdrawalList({ navigation }: { readonly navigation: Navigation }) {
  const pages = usePages<AuditRecord>('/v1/audit', { type: 'WEBMESSAGING_CONSENT_WITHDRAWN' });
  return (
    <>
      <ProblemNotice problem={pages.problem.value} />
      {pages.items.value.length === 0 ? (
        !pages.loading.value && (
          <p class="empty">
            Nobody took a consent back. With <code>GUESTPASS_CONSENT_NOTICES</code> guests get receipts, and can do so
            themselves.
          </p>
        )
      ) : (
        <Table caption="Consents taken back" columns={columns}>
          {pages.items.value.map(({ sequence, recordedAt, attemptId, line }) => (
            <tr key={sequence}>
              <th scope="row" class="number">
                {sequence}
              </th>
              <td>
                <Instant at={recordedAt} withDay />
              </td>
              <td>
                {attemptId !== null && (
                  <IdLink id={attemptId} onOpen={() => navigation.go('attempts', { attempt: attemptId })} />
                )}
              </td>
              <td class="wide">{basisOf(line)}</td>
            </tr>
          ))}
        </Table>
      )}
      <OlderButton pages={pages} />
    </>
  );
}

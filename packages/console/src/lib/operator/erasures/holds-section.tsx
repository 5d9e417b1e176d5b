import { useSignal } from '@preact/signals';
import { ask } from '../../network.ts';
import type { Hold } from '../data/views.ts';
import { Drawer } from '../parts/drawer.tsx';
import { Instant } from '../parts/instant.tsx';
import { OlderButton } from '../parts/older-button.tsx';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { ReasonForm } from '../parts/reason-form.tsx';
import { Allowed } from '../parts/signed-in.tsx';
import { Table } from '../parts/table.tsx';
import { usePages } from '../parts/use-pages.ts';
import { subjectOf } from './subject.ts';
import { SubjectField } from './subject-field.tsx';

/** Guests that neither erasures nor retention touch, until every hold is lifted. */
export function HoldsSection() {
  const pages = usePages<Hold>('/v1/holds', {});
  const placing = useSignal(false);
  const lifting = useSignal<Hold | null>(null);
  const done = () => {
    placing.value = false;
    lifting.value = null;
    pages.reload();
  };
  return (
    <section aria-labelledby="holds">
      <h2 id="holds">Legal holds</h2>
      <p class="prose">
        A guest on hold is kept: neither an erasure nor retention touches it until every hold is lifted.
      </p>
      <div class="toolbar">
        <button
          type="button"
          onClick={() => {
            placing.value = true;
          }}
        >
          Place a hold
        </button>
      </div>
      <ProblemNotice problem={pages.problem.value} />
      {pages.items.value.length === 0 ? (
        !pages.loading.value && <p class="empty">Nobody is on hold.</p>
      ) : (
        <Table caption="Legal holds" columns={['Placed', 'Attempt', 'Matter', 'Reason', 'Lift']}>
          {pages.items.value.map((hold) => (
            <tr key={`${hold.attemptId} ${hold.matter}`}>
              <td>
                <Instant at={hold.placedAt} withDay />
              </td>
              <td class="mono">{hold.attemptId}</td>
              <th scope="row">{hold.matter}</th>
              <td>{hold.reason}</td>
              <td>
                <Allowed operation="liftHold" what="Lifting">
                  <button
                    type="button"
                    class="link"
                    aria-label={`Lift ${hold.matter}`}
                    onClick={() => {
                      lifting.value = hold;
                    }}
                  >
                    Lift
                  </button>
                </Allowed>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <OlderButton pages={pages} />
      {placing.value && <PlaceDialog onClose={done} />}
      {lifting.value && <LiftDialog hold={lifting.value} onClose={done} />}
    </section>
  );
}

function PlaceDialog({ onClose }: { readonly onClose: () => void }) {
  const who = useSignal('');
  const matter = useSignal('');
  const place = async (reason: string) => {
    const body = { ...subjectOf(who.value.trim()), matter: matter.value.trim(), reason };
    const answer = await ask('/v1/holds', { method: 'POST', body });
    if (!answer.ok) return answer.problem;
    onClose();
    return null;
  };
  return (
    <Drawer title="Place a hold" kind="dialog" onClose={onClose}>
      <ReasonForm action="Place it" onSubmit={place}>
        <SubjectField who={who} />
        <label>
          Matter
          <input
            required
            maxLength={100}
            placeholder="The case, as you name it; no person"
            value={matter.value}
            onInput={(event) => {
              matter.value = event.currentTarget.value;
            }}
          />
        </label>
      </ReasonForm>
    </Drawer>
  );
}

function LiftDialog({ hold, onClose }: { readonly hold: Hold; readonly onClose: () => void }) {
  const { attemptId, matter } = hold;
  const lift = async (reason: string) => {
    const answer = await ask('/v1/hold-releases', { method: 'POST', body: { attemptId, matter, reason } });
    if (!answer.ok) return answer.problem;
    onClose();
    return null;
  };
  return (
    <Drawer title={`Lift ${matter}`} kind="dialog" onClose={onClose}>
      <p>Holds for other matters stay. What is past its time goes when retention next runs.</p>
      <ReasonForm action="Lift it" onSubmit={lift} />
    </Drawer>
  );
}

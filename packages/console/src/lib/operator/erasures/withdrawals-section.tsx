import { useSignal } from '@preact/signals';
import { ask } from '../../network.ts';
import { countWords } from '../../words/numbers.ts';
import type { Withdrawn } from '../data/views.ts';
import { Drawer } from '../parts/drawer.tsx';
import { ReasonForm } from '../parts/reason-form.tsx';
import { Allowed } from '../parts/signed-in.tsx';
import type { Navigation } from '../place.ts';
import { subjectOf } from './subject.ts';
import { SubjectField } from './subject-field.tsx';
import { WithdrawalList } from './withdrawal-list.tsx';

/** Consents that guests took back by letter, on the phone, or without their receipt. */
export function WithdrawalsSection({ navigation }: { readonly navigation: Navigation }) {
  const lists = useSignal(false);
  const recording = useSignal(false);
  const done = useSignal<Withdrawn | null>(null);
  return (
    <section aria-labelledby="withdrawals">
      <h2 id="withdrawals">Consent taken back</h2>
      <p class="prose">
        A guest may take the consent back in any way. Put it on record here when it did not come by the receipt;
        endpoints are told, and nothing is erased.
      </p>
      <div class="toolbar">
        <Allowed operation="withdrawConsent" what="Recording a withdrawal">
          <button
            type="button"
            onClick={() => {
              recording.value = true;
            }}
          >
            Record a withdrawal
          </button>
        </Allowed>
        {!lists.value && (
          <button
            type="button"
            onClick={() => {
              lists.value = true;
            }}
          >
            List those on record
          </button>
        )}
        {!lists.value && <span class="small quiet">That you read them is put on record too.</span>}
      </div>
      <div role="status">{done.value && <p class="notice good">{withdrawnWords(done.value)}</p>}</div>
      {/* Read anew when there is one more. */}
      {lists.value && <WithdrawalList key={done.value?.attemptIds.join()} navigation={navigation} />}
      {recording.value && (
        <WithdrawalDialog
          onDone={(withdrawn) => {
            done.value = withdrawn;
          }}
          onClose={() => {
            recording.value = false;
          }}
        />
      )}
    </section>
  );
}

interface WithdrawalDialogProps {
  readonly onDone: (withdrawn: Withdrawn) => void;
  readonly onClose: () => void;
}

function WithdrawalDialog({ onDone, onClose }: WithdrawalDialogProps) {
  const who = useSignal('');
  const withdraw = async (reason: string) => {
    const body = { ...subjectOf(who.value.trim()), reason };
    const answer = await ask<Withdrawn>('/v1/withdrawals', { method: 'POST', body });
    if (!answer.ok) return answer.problem;
    onDone(answer.body);
    onClose();
    return null;
  };
  return (
    <Drawer title="Record a withdrawal" kind="dialog" onClose={onClose}>
      <ReasonForm action="Record it" onSubmit={withdraw}>
        <SubjectField who={who} />
      </ReasonForm>
    </Drawer>
  );
}

function withdrawnWords({ attemptIds }: Withdrawn): string {
  if (attemptIds.length === 0) return 'It was on record before; nothing was changed.';
  const attempts = attemptIds.length === 1 ? 'one attempt' : `${countWords(attemptIds.length)} attempts`;
  return `The consent of ${attempts} is withdrawn, and endpoints are told.`;
}

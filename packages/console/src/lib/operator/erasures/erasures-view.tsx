import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ask, type Problem } from '../../network.ts';
import { countWords } from '../../words/numbers.ts';
import type { Erasure } from '../data/views.ts';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { ReasonForm } from '../parts/reason-form.tsx';
import { Allowed } from '../parts/signed-in.tsx';
import type { Navigation } from '../place.ts';
import { HoldsSection } from './holds-section.tsx';
import { type Subject, subjectOf } from './subject.ts';
import { SubjectAttempts } from './subject-attempts.tsx';
import { SubjectField } from './subject-field.tsx';
import { WithdrawalsSection } from './withdrawals-section.tsx';

/** What is known of a guest, and what a guest may ask for. Erasing takes two steps: what would go is shown first. */
export function ErasuresView({ navigation }: { readonly navigation: Navigation }) {
  const { guest = '' } = navigation.place.value.params;
  const who = useSignal(guest);
  const subject = useSignal<Subject | null>(null);
  const preview = useSignal<Erasure | null>(null);
  const done = useSignal<Erasure | null>(null);
  const problem = useSignal<Problem | null>(null);

  useEffect(() => {
    if (guest === '' || guest === who.peek()) return;
    who.value = guest;
    preview.value = null;
  }, [guest]);
  const find = (event: Event) => {
    event.preventDefault();
    navigation.change({ guest: who.value.trim() });
  };
  const look = async () => {
    const asked = who.value;
    const wanted = subjectOf(asked.trim());
    const answer = await ask<Erasure>('/v1/erasures', { method: 'POST', body: { dryRun: true, ...wanted } });
    // Somebody else is meant by now, who must not be erased by what was found of this one.
    if (who.value !== asked) return;
    problem.value = answer.ok ? null : answer.problem;
    preview.value = answer.ok ? answer.body : null;
    subject.value = wanted;
    done.value = null;
  };
  const erase = async (reason: string) => {
    const body = { dryRun: false, ...subject.value, reason };
    const answer = await ask<Erasure>('/v1/erasures', { method: 'POST', body });
    if (!answer.ok) return answer.problem;
    done.value = answer.body;
    preview.value = null;
    who.value = '';
    // Nobody has it any more.
    navigation.change({ guest: null });
    return null;
  };

  return (
    <>
      <p class="prose">
        Erasing destroys the key of a guest: what the audit log holds sealed can never be read again, while the chain
        stays whole. Guest id, guest pass and the bodies of webhooks are deleted, and endpoints are told.
      </p>
      <form class="card stack narrow" onSubmit={find}>
        <SubjectField
          who={who}
          onChange={() => {
            preview.value = null;
          }}
        />
        <div class="actions">
          <button type="submit">Find the attempts</button>
          <Allowed operation="eraseGuest" what="Erasing a guest">
            <button
              type="button"
              onClick={({ currentTarget }) => {
                if (currentTarget.form?.reportValidity()) void look();
              }}
            >
              See what would be erased
            </button>
          </Allowed>
        </div>
        <ProblemNotice problem={problem.value} />
      </form>
      {guest !== '' && <SubjectAttempts key={guest} who={guest} navigation={navigation} />}
      {preview.value && <Preview erasure={preview.value} onErase={erase} />}
      {done.value && (
        <p class="notice good" role="status">
          Erased: {amountWords(done.value)}. The record of it stands in the audit log.
        </p>
      )}
      <HoldsSection />
      <WithdrawalsSection navigation={navigation} />
    </>
  );
}

interface PreviewProps {
  readonly erasure: Erasure;
  readonly onErase: (reason: string) => Promise<Problem | null>;
}

/** The word that must be typed, so that nobody erases by a slip. */
const confirmation = 'erase';

function Preview({ erasure, onErase }: PreviewProps) {
  const typed = useSignal('');
  return (
    <section class="card stack narrow" aria-labelledby="preview">
      <h2 id="preview">This would be erased</h2>
      <p role="status">{amountWords(erasure)}. Nothing was changed yet.</p>
      <ul class="records">
        {erasure.attemptIds.map((id) => (
          <li key={id} class="mono">
            {id}
          </li>
        ))}
      </ul>
      <ReasonForm
        action="Erase for good"
        danger
        onSubmit={async (reason) => (typed.value.trim() === confirmation ? await onErase(reason) : notConfirmed)}
      >
        <label>
          Type “{confirmation}” to go on; it cannot be undone
          <input
            required
            autoComplete="off"
            value={typed.value}
            onInput={(event) => {
              typed.value = event.currentTarget.value;
            }}
          />
        </label>
      </ReasonForm>
    </section>
  );
}

const notConfirmed: Problem = {
  code: 'not_confirmed',
  status: 0,
  detail: `Type “${confirmation}” to confirm. Nothing was changed.`,
  requestId: null,
  retryAfterSeconds: null,
  faults: [],
};

function amountWords({ attemptIds, deliveries }: Erasure): string {
  const attempts = attemptIds.length === 1 ? 'one attempt' : `${countWords(attemptIds.length)} attempts`;
  return `${attempts} and the bodies of ${deliveries === 1 ? 'one delivery' : `${countWords(deliveries)} deliveries`}`;
}

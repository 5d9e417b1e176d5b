import { withQuery } from '../data/query.ts';
import type { Attempt, AttemptDetail, Page } from '../data/views.ts';
import { IdLink } from '../parts/id-link.tsx';
import { Instant } from '../parts/instant.tsx';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { Table } from '../parts/table.tsx';
import { OutcomeTag } from '../parts/tag.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import type { Navigation } from '../place.ts';
import { subjectOf } from './subject.ts';

export interface SubjectAttemptsProps {
  /** Id of a guest or of an attempt. */
  readonly who: string;
  readonly navigation: Navigation;
}

/** What is known of somebody: each attempt, and how its consent stands. */
export function SubjectAttempts({ who, navigation }: SubjectAttemptsProps) {
  const subject = subjectOf(who);
  const isAttempt = 'attemptId' in subject;
  const path = isAttempt ? `/v1/attempts/${subject.attemptId}` : withQuery('/v1/attempts', { guest: who, limit: 200 });
  const { body, problem, loading } = useLoaded<AttemptDetail | Page<Attempt>>(path);
  const found = body.value ? attemptsIn(body.value) : [];
  return (
    <section aria-labelledby="subject">
      <h2 id="subject">What is known</h2>
      <ProblemNotice problem={problem.value} />
      <div role="status">
        {!loading.value && body.value && found.length === 0 && (
          <p class="empty">Nobody has this id. Whoever was erased is not found any more.</p>
        )}
      </div>
      {found.length > 0 && (
        <Table
          caption="Attempts of the subject"
          columns={['Started', 'Attempt', 'Outcome', 'Channel', 'Consent', 'Taken back']}
        >
          {found.map((attempt) => (
            <SubjectRow key={attempt.id} attempt={attempt} navigation={navigation} />
          ))}
        </Table>
      )}
    </section>
  );
}

function attemptsIn(body: AttemptDetail | Page<Attempt>): readonly Attempt[] {
  return 'data' in body ? body.data : [body];
}

function SubjectRow({ attempt, navigation }: { readonly attempt: Attempt; readonly navigation: Navigation }) {
  const { id, startedAt, outcome, channelId, consentTimestamp, consentWithdrawnAt } = attempt;
  return (
    <tr>
      <td>
        <Instant at={startedAt} withDay />
      </td>
      <td>
        <IdLink id={id} onOpen={() => navigation.go('attempts', { attempt: id })} />
      </td>
      <td>
        <OutcomeTag outcome={outcome} />
      </td>
      <td>{channelId}</td>
      <td class="nowrap">{consentTimestamp}</td>
      <td>{consentWithdrawnAt !== null && <Instant at={consentWithdrawnAt} withDay />}</td>
    </tr>
  );
}

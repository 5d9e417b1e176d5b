import type { Clock } from 'guestpass';
import { spanWords } from '../../words/numbers.ts';
import type { Configuration, Readiness } from '../data/views.ts';
import { FactList } from '../parts/fact-list.tsx';
import { Instant } from '../parts/instant.tsx';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { Table } from '../parts/table.tsx';
import { Tag } from '../parts/tag.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { SettingsTable } from './settings-table.tsx';
import { useReadiness } from './use-readiness.ts';

/** Whether this gateway is well, what it runs with, and where it tells more. */
export function HealthView({ clock }: { readonly clock: Clock }) {
  const { readiness, problem } = useReadiness(clock);
  const configuration = useLoaded<Configuration>('/v1/configuration');
  const runs = configuration.body.value;
  return (
    <>
      <ProblemNotice problem={problem.value} />
      {readiness.value && <ReadinessSection readiness={readiness.value} />}
      <ProblemNotice problem={configuration.problem.value} />
      {runs && <ProgramCard runs={runs} nowMs={clock.now()} />}
      {runs && <SettingsTable settings={runs.settings} />}
    </>
  );
}

function ReadinessSection({ readiness: { status, checks = [] } }: { readonly readiness: Readiness }) {
  const isReady = status === 'ready';
  return (
    <section aria-labelledby="readiness">
      <h2 id="readiness">Readiness</h2>
      <p role="status" class={isReady ? 'notice good' : 'notice bad'}>
        <strong>{isReady ? 'Ready: guests are sent here.' : 'Not ready: a balancer sends guests elsewhere.'}</strong>
      </p>
      <Table caption="Readiness checks" columns={['Check', 'State', 'What it found']}>
        {checks.map(({ name, ok, detail = '' }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>
              <Tag tone={ok ? 'good' : 'bad'} word={ok ? 'ok' : 'not ok'} />
            </td>
            <td class="wide">{detail}</td>
          </tr>
        ))}
      </Table>
      <p class="small quiet">
        Looked at every five seconds. <code>npx guestpass doctor</code> checks what this gateway cannot see of itself,
        and says how to mend it.
      </p>
    </section>
  );
}

/** Pages of the gateway that tell more, or tell it to programs. */
const links = [
  ['/docs', 'API reference'],
  ['/openapi.json', 'OpenAPI'],
  ['/docs/errors', 'Error codes'],
  ['/metrics', 'Metrics'],
  ['/readyz?verbose', 'Readiness'],
] as const;

function ProgramCard({ runs, nowMs }: { readonly runs: Configuration; readonly nowMs: number }) {
  const { version, node, startedAt } = runs;
  return (
    <section class="card" aria-labelledby="program">
      <h2 id="program">This gateway</h2>
      <FactList
        facts={[
          ['Version', version],
          ['Node.js', node],
          ['Started', <Instant key="at" at={startedAt} withDay />],
          ['Runs for', spanWords(Math.max(0, nowMs - Date.parse(startedAt)))],
        ]}
      />
      <nav aria-label="What it tells elsewhere">
        <ul class="toolbar">
          {links.map(([href, words]) => (
            <li key={href}>
              <a class="button" href={href}>
                {words}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </section>
  );
}

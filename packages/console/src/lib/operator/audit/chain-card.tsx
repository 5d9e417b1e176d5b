import { useSignal } from '@preact/signals';
import { ask, type Problem } from '../../network.ts';
import { countWords, spanWords } from '../../words/numbers.ts';
import type { AuditRecord, ExportManifest, Verification } from '../data/views.ts';
import { FactList } from '../parts/fact-list.tsx';
import { Instant } from '../parts/instant.tsx';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { useLoaded } from '../parts/use-loaded.ts';

/** Where the chain stands, whether it is whole, and how to take it along. */
export function ChainCard({ newest }: { readonly newest: AuditRecord | undefined }) {
  // A manifest of one record costs nothing, and names head and checkpoint.
  const at = newest?.sequence;
  const manifest = useLoaded<ExportManifest>(at === undefined ? null : `/v1/audit/export/manifest?from=${at}&to=${at}`)
    .body.value;
  const found = useSignal<Verification | null>(null);
  const problem = useSignal<Problem | null>(null);
  const busy = useSignal(false);
  const verify = async () => {
    if (busy.value) return;
    busy.value = true;
    const answer = await ask<Verification>('/v1/audit/verifications', { method: 'POST', body: {} });
    problem.value = answer.ok ? null : answer.problem;
    found.value = answer.ok ? answer.body : null;
    busy.value = false;
  };
  return (
    <section class="card" aria-labelledby="chain">
      <h2 id="chain">The chain</h2>
      <FactList
        facts={[
          ['Head', manifest && headWords(manifest.head)],
          ['Last checkpoint', manifest && checkpointWords(manifest.checkpoint)],
        ]}
      />
      <div class="actions">
        <button type="button" class="main" aria-disabled={busy.value} onClick={() => void verify()}>
          {busy.value ? 'Verifying …' : 'Verify now'}
        </button>
        <a class="button" href="/v1/audit/export?format=jsonl" download>
          Export JSON lines
        </a>
        <a class="button" href="/v1/audit/export?format=csv" download>
          Export CSV
        </a>
        <a class="button" href="/v1/audit/export/manifest" download="manifest.json">
          Manifest
        </a>
      </div>
      <ProblemNotice problem={problem.value} />
      <div role="status">{found.value && <Verdict found={found.value} />}</div>
    </section>
  );
}

function Verdict({ found }: { readonly found: Verification }) {
  if (found.ok) {
    return (
      <p class="notice good">
        <strong>The log is whole.</strong> {countWords(found.records)} records, unbroken, head{' '}
        <code>{found.head.hash.slice(0, 12)}…</code>, checked in {spanWords(found.durationMs)}.
      </p>
    );
  }
  return (
    <div class="notice bad">
      <p>
        <strong>
          The log is broken at record {found.sequence}: {found.kind}.
        </strong>
      </p>
      <p>{found.detail}</p>
      <p class="small">
        Everything before it is proven. Keep the database as it is, and export the log before anything else.
      </p>
    </div>
  );
}

function headWords({ sequence, hash }: ExportManifest['head']) {
  return (
    <>
      #{countWords(sequence)} <code class="secret">{hash}</code>
    </>
  );
}

function checkpointWords(checkpoint: ExportManifest['checkpoint']) {
  if (!checkpoint) return 'none yet';
  return (
    <>
      #{countWords(checkpoint.sequence)}, signed <Instant at={checkpoint.timestamp} withDay />
    </>
  );
}

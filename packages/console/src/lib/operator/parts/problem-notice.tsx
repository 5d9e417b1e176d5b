import type { Problem } from '../../network.ts';

/** Why something asked for did not happen. */
export function ProblemNotice({ problem }: { readonly problem: Problem | null }) {
  if (!problem) return null;
  const { code, detail, faults, requestId } = problem;
  return (
    <div class="notice bad" role="alert">
      <p>
        <code>{code}</code> {detail}
      </p>
      {faults.map((fault) => (
        <p key={fault.pointer + fault.detail} class="small">
          <code>{fault.pointer.slice(1)}</code> {fault.detail}
        </p>
      ))}
      {requestId !== null && (
        <p class="small quiet">
          Request <code>{requestId}</code>
        </p>
      )}
    </div>
  );
}

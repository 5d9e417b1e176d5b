import { CopyButton } from '../parts/copy-button.tsx';

/** A secret that is not shown again. */
export function SecretOnce({ secret, note }: { readonly secret: string; readonly note: string }) {
  return (
    <div class="notice warn" role="status">
      <p>
        <strong>This secret is shown this once.</strong> {note}
      </p>
      <p>
        <code class="secret">{secret}</code>
      </p>
      <CopyButton label="Copy the secret" text={() => secret} />
    </div>
  );
}

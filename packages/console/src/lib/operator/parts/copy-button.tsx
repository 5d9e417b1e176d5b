import { useSignal } from '@preact/signals';

/** Puts a text on the clipboard, and says so. */
export function CopyButton({ label, text }: { readonly label: string; readonly text: () => string }) {
  const said = useSignal('');
  const copy = () =>
    navigator.clipboard.writeText(text()).then(
      () => {
        said.value = 'Copied';
      },
      () => {
        said.value = 'The browser does not let us copy.';
      },
    );
  return (
    <span class="copy">
      <button type="button" onClick={() => void copy()}>
        {label}
      </button>
      <span role="status" class="small quiet">
        {said.value}
      </span>
    </span>
  );
}

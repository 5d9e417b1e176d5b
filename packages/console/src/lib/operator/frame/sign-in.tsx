import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { keepPlace, signInProvider } from './operator-session.ts';

export interface SignInProps {
  readonly onToken: (token: string) => Promise<void>;
  /** Why the last try failed. */
  readonly children: ComponentChildren;
}

/** Asks for the token of an operator, which is traded for a session and not kept. */
export function SignIn({ onToken, children }: SignInProps) {
  const token = useSignal('');
  const busy = useSignal(false);
  const provider = useSignal<string | null>(null);
  useEffect(() => {
    void signInProvider().then((found) => {
      provider.value = found;
    });
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    await onToken(token.value.trim());
    busy.value = false;
  };
  return (
    <form class="card stack" onSubmit={(event) => void submit(event)}>
      <header class="brand">
        <span class="emblem" aria-hidden="true" />
        <h1>Guestpass console</h1>
      </header>
      {children}
      <label>
        Operator token
        <input
          type="password"
          required
          autoComplete="current-password"
          value={token.value}
          onInput={(event) => {
            token.value = event.currentTarget.value;
          }}
        />
      </label>
      <p class="small quiet">
        It is your own, or the value of <code>GUESTPASS_OPERATOR_TOKEN</code>, or what <code>guestpass serve</code>{' '}
        printed at its start. It is traded for a session and not kept here.
      </p>
      <button type="submit" class="main" aria-disabled={busy.value}>
        {busy.value ? 'Signing in …' : 'Sign in'}
      </button>
      {provider.value !== null && (
        <a class="button" href="/v1/operator-sign-in/start" onClick={() => keepPlace(window)}>
          Sign in with {provider.value}
        </a>
      )}
    </form>
  );
}

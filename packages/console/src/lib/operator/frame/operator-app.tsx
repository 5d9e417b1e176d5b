import { useSignal } from '@preact/signals';
import type { Clock } from 'guestpass';
import { useEffect } from 'preact/hooks';
import type { Problem } from '../../network.ts';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import type { Navigation } from '../place.ts';
import { Desk } from './desk.tsx';
import { isSignedIn, signIn, signOut } from './operator-session.ts';
import { SignIn } from './sign-in.tsx';

export interface OperatorAppProps {
  readonly clock: Clock;
  readonly navigation: Navigation;
  /** From the address the page was opened with. */
  readonly token: string | undefined;
}

/** The console: first who asks, then what is asked for. */
export function OperatorApp({ clock, navigation, token }: OperatorAppProps) {
  const who = useSignal<'asking' | 'nobody' | 'operator'>('asking');
  const problem = useSignal<Problem | null>(null);

  const look = async () => {
    const found = await isSignedIn();
    problem.value = typeof found === 'object' ? found : null;
    who.value = found === true ? 'operator' : 'nobody';
  };
  const enter = async (given: string) => {
    problem.value = await signIn(given);
    if (problem.value) who.value = 'nobody';
    else await look();
  };
  useEffect(() => {
    void (token === undefined ? look() : enter(token));
  }, []);

  if (who.value === 'operator') {
    // A gateway that is away for a moment is no reason to sign in again.
    const check = async () => {
      if ((await isSignedIn()) === false) who.value = 'nobody';
    };
    const leave = async () => {
      await signOut();
      who.value = 'nobody';
    };
    return <Desk clock={clock} navigation={navigation} onLeave={leave} onRefused={check} />;
  }
  return (
    <main class="sign-in">
      {who.value === 'asking' ? (
        <p role="status">One moment …</p>
      ) : (
        <SignIn onToken={enter}>
          <ProblemNotice problem={problem.value} />
        </SignIn>
      )}
    </main>
  );
}

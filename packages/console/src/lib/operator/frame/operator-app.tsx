import { useSignal } from '@preact/signals';
import type { Clock } from 'guestpass';
import { useEffect } from 'preact/hooks';
import { onStranger, type Problem } from '../../network.ts';
import type { SignedIn } from '../data/views.ts';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { SignedInContext } from '../parts/signed-in.tsx';
import type { Navigation } from '../place.ts';
import { Desk } from './desk.tsx';
import { signIn, signOut, takeSignInFailure, whoIsSignedIn } from './operator-session.ts';
import { SignIn } from './sign-in.tsx';

export interface OperatorAppProps {
  readonly clock: Clock;
  readonly navigation: Navigation;
  /** From the address the page was opened with. */
  readonly token: string | undefined;
}

/** The console: first who asks, then what is asked for. */
export function OperatorApp({ clock, navigation, token }: OperatorAppProps) {
  const who = useSignal<'asking' | 'nobody' | SignedIn>('asking');
  const problem = useSignal<Problem | null>(null);

  const look = async (failed: Problem | null = null) => {
    const found = await whoIsSignedIn();
    // That nobody is signed in yet is no problem.
    problem.value = found.ok || found.problem.status === 401 ? failed : found.problem;
    who.value = found.ok ? found.body : 'nobody';
  };
  const enter = async (given: string) => {
    problem.value = await signIn(given);
    if (problem.value) who.value = 'nobody';
    else await look();
  };
  const lock = () => {
    // Before anybody has signed in there is nothing that could have ended.
    if (typeof who.peek() !== 'object') return;
    problem.value = sessionEnded;
    who.value = 'nobody';
  };
  useEffect(() => {
    void (token === undefined ? look(takeSignInFailure(window)) : enter(token));
    return onStranger(lock);
  }, []);

  if (typeof who.value === 'object') {
    // A gateway that is away for a moment is no reason to sign in again, and a role may have become another.
    const check = async () => {
      const found = await whoIsSignedIn();
      if (found.ok) who.value = found.body;
      else if (found.problem.status === 401) lock();
    };
    const leave = async () => {
      await signOut();
      problem.value = null;
      who.value = 'nobody';
    };
    return (
      <SignedInContext.Provider value={who.value}>
        <Desk clock={clock} navigation={navigation} operator={who.value} onLeave={leave} onRefused={check} />
      </SignedInContext.Provider>
    );
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

const sessionEnded: Problem = {
  code: 'unauthenticated',
  status: 401,
  detail: 'Your session has ended. Sign in to go on in this view.',
  requestId: null,
  retryAfterSeconds: null,
  faults: [],
};

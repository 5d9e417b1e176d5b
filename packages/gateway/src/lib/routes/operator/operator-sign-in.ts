import { beginSignIn, finishSignIn, getSignIn } from '../../openapi/operator-sign-in.ts';
import type { Operator } from '../../settings/operator-roles.ts';
import { type Asker, notFound, type OperatorRoute, route } from './route.ts';

/** Why nobody is signed in, in one word of the protocol or of ours. */
export interface SignInFailure {
  readonly outcome: 'refused' | 'unavailable';
  readonly failure: string;
}

/** Signs operators in at an OpenID provider. */
export interface SignInDesk {
  /** The host of the provider, which people know it by. */
  readonly provider: string;
  /** Where the browser goes, with the `Set-Cookie` field that lets it come back to this origin. */
  begin(
    origin: string,
  ): Promise<{ readonly outcome: 'begun'; readonly url: string; readonly cookie: string } | SignInFailure>;
  /** Who came back, with the `Set-Cookie` field of a session. */
  finish(back: {
    readonly cookies: string | null;
    readonly answer: URLSearchParams;
    readonly address: string;
  }): Promise<{ readonly outcome: 'signed_in'; readonly operator: Operator; readonly cookie: string } | SignInFailure>;
  /** The `Set-Cookie` field that ends what was begun. */
  readonly takeBack: string;
}

/** Somebody who came back from the provider. */
export interface SignedInAt extends Asker {
  readonly address: string;
  readonly failure: string | undefined;
  /** True for a failure that anybody can bring about as often as they like. */
  readonly isCheap: boolean;
}

export interface SignInRoutesOptions {
  /** Default nobody signs in at a provider. */
  readonly signIn?: SignInDesk | undefined;
  /** Where browsers know this listener. Default where they ask it. */
  readonly publicUrl?: string | undefined;
  /** Told of everybody who came back, and of a provider that does not answer. */
  readonly onSignIn?: ((signedIn: SignedInAt) => void) | undefined;
}

/** Browsers go to the provider and come back; both ways end at the console. */
export function createSignInRoutes(options: SignInRoutesOptions): readonly OperatorRoute[] {
  const { signIn, publicUrl, onSignIn = () => {} } = options;
  return [
    route(getSignIn, () => Response.json({ provider: signIn?.provider ?? null })),
    route(beginSignIn, async ({ headers, requestId, address }) => {
      if (!signIn) return notFound;
      const begun = await signIn.begin(publicUrl ?? `http://${headers.get('host')}`);
      if (begun.outcome === 'begun') return redirect(begun.url, [begun.cookie]);
      onSignIn({ requestId, address, operator: undefined, failure: begun.failure, isCheap: true });
      return redirect(`/console#sign-in=${begun.outcome}`, []);
    }),
    route(finishSignIn, async ({ query, headers, requestId, address }) => {
      if (!signIn) return notFound;
      const answer = new URLSearchParams(
        Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
      );
      const end = await signIn.finish({ cookies: headers.get('cookie'), answer, address });
      if (end.outcome === 'signed_in') {
        onSignIn({ requestId, address, operator: end.operator, failure: undefined, isCheap: false });
        return redirect('/console', [end.cookie, signIn.takeBack]);
      }
      const { failure } = end;
      onSignIn({ requestId, address, operator: undefined, failure, isCheap: neverAsked.has(failure) });
      return redirect(`/console#sign-in=${end.outcome}`, [signIn.takeBack]);
    }),
  ];
}

/** Ways back that did not lead to the provider, and that nobody counts. */
const neverAsked: ReadonlySet<string> = new Set(['not_begun_here', 'too_many']);

function redirect(location: string, cookies: readonly string[]): Response {
  const headers = new Headers({ Location: location });
  for (const cookie of cookies) headers.append('Set-Cookie', cookie);
  return new Response(null, { status: 302, headers });
}

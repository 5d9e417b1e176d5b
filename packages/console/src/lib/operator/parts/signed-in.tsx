import { type ComponentChildren, createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { SignedIn } from '../data/views.ts';

const nobody: SignedIn = { name: '', role: '', may: [] };

/** Who is signed in; outside of it nobody is, who may nothing. */
export const SignedInContext = createContext<SignedIn>(nobody);

/** True when the role of whoever is signed in allows an operation, by its id in the description of the API. */
export function useMay(): (operation: string) => boolean {
  const { may } = useContext(SignedInContext);
  return (operation) => may.includes(operation);
}

export interface AllowedProps {
  /** Its id in the description of the API. */
  readonly operation: string;
  /** What cannot be done without it, as the beginning of a sentence. */
  readonly what: string;
  readonly children: ComponentChildren;
}

/** What the role allows; in its place, why it is not there. */
export function Allowed({ operation, what, children }: AllowedProps) {
  const { role } = useContext(SignedInContext);
  if (useMay()(operation)) return <>{children}</>;
  return (
    <p class="small quiet">
      {what} takes another role than yours, {role}.
    </p>
  );
}

/** Whom something is about, as the API takes it. */
export type Subject = { readonly guestId: string } | { readonly attemptId: string };

/** Attempts are told by the form of their ids; anything else is a guest's. */
export function subjectOf(text: string): Subject {
  return /^att_[\w-]+$/.test(text) ? { attemptId: text } : { guestId: text };
}

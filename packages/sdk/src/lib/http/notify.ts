/** Tells a listener; one that throws or rejects changes nothing for anybody else. */
export function notify<T>(listener: ((told: T) => unknown) | undefined, told: T): void {
  if (!listener) return;
  try {
    const returned = listener(told);
    if (returned instanceof Promise) returned.catch(() => {});
  } catch {
    // What a listener does is its own affair.
  }
}

/** Tells whether the type of an event fits one of the patterns; `*` stands for anything. */
export function createEventFilter(patterns: readonly string[]): (type: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[^\w]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`);
  });
  return (type) => expressions.some((expression) => expression.test(type));
}

/** What is wrong with the first field that an output has not, with those it has; `undefined` when it has them all. */
export function unknownField(paths: readonly string[], known: readonly string[]): string | undefined {
  const names = known.map((name) => name.replace(/\.\*$/, ''));
  const isKnown = (path: string) => names.includes(path) || known.some((name) => isWithin(path, name));
  const stranger = paths.find((path) => !isKnown(path));
  return stranger === undefined ? undefined : `There is no field ${stranger}. Give some of ${known.join(', ')}.`;
}

/** `stages.*` stands for whatever is in `stages`. */
function isWithin(path: string, name: string): boolean {
  return name.endsWith('.*') && path.startsWith(name.slice(0, -1)) && path.length >= name.length;
}

/**
 * The same object with these fields alone, in their order; dots lead into objects. What it has not is null. Without
 * fields it is as it was.
 */
export function pickFields(value: object, paths: readonly string[] | undefined): object {
  if (paths === undefined) return value;
  const whole: unknown = JSON.parse(JSON.stringify(value));
  const picked = emptyRecord();
  for (const path of paths) {
    const steps = path.split('.');
    const last = steps.pop() ?? '';
    inner(picked, steps)[last] = steps.concat(last).reduce(member, whole) ?? null;
  }
  return picked;
}

/** Without a prototype, so that no name is special. */
function emptyRecord(): Record<string, unknown> {
  return Object.create(null);
}

function member(value: unknown, name: string): unknown {
  if (!isRecord(value)) return undefined;
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The object at the end of some steps, which is made where it is not there. */
function inner(record: Record<string, unknown>, steps: readonly string[]): Record<string, unknown> {
  let at = record;
  for (const step of steps) {
    const next = at[step];
    const made = isRecord(next) ? next : emptyRecord();
    at[step] = made;
    at = made;
  }
  return at;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

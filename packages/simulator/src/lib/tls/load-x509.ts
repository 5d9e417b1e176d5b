/**
 * Loads `@peculiar/x509`. Its container (npm `tsyringe`) refuses to load without three functions of the metadata proposal
 * on `Reflect`, and calls them while its classes are declared, not later: they are lent for that long, so that nothing of
 * it stays behind in the program that runs the simulator.
 */
export async function loadX509() {
  const missing = Object.entries(createMetadata()).filter(([name]) => !Reflect.has(Reflect, name));
  const lent = Object.fromEntries(missing);
  Object.assign(Reflect, lent);
  try {
    return await import('@peculiar/x509');
  } finally {
    for (const name of Object.keys(lent)) Reflect.deleteProperty(Reflect, name);
  }
}

function createMetadata() {
  const known = new WeakMap<object, Map<unknown, unknown>>();
  const read = (key: unknown, target: object) => known.get(target)?.get(key);
  return {
    getMetadata: read,
    getOwnMetadata: read,
    defineMetadata(key: unknown, value: unknown, target: object) {
      known.set(target, new Map(known.get(target)).set(key, value));
    },
  };
}

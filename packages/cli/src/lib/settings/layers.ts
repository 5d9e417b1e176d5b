type Variables = Readonly<Record<string, string | undefined>>;

/** Settings of one origin. */
export interface Layer {
  /** Where a variable of this layer was set, for people. */
  readonly sourceOf: (name: string) => string;
  readonly variables: Variables;
}

/** All settings together, and where each was set. */
export interface Layered {
  readonly variables: Variables;
  readonly sourceOf: (name: string) => string | undefined;
  /** The layer that a variable comes from. */
  readonly layerOf: (name: string) => Layer | undefined;
}

/** Lays settings over each other, strongest first. A secret and the file it may come from replace each other. */
export function lay(layers: readonly Layer[]): Layered {
  const settled = new Map<string, Layer>();
  for (const layer of layers) {
    const own = Object.keys(layer.variables).filter((name) => layer.variables[name] !== undefined);
    const fresh = own.filter((name) => !settled.has(name) && !settled.has(twinOf(name)));
    for (const name of fresh) settled.set(name, layer);
  }
  return {
    variables: Object.fromEntries([...settled].map(([name, layer]) => [name, layer.variables[name]])),
    sourceOf: (name) => settled.get(name)?.sourceOf(name),
    layerOf: (name) => settled.get(name),
  };
}

function twinOf(name: string): string {
  return name.endsWith('_FILE') ? name.slice(0, -'_FILE'.length) : `${name}_FILE`;
}

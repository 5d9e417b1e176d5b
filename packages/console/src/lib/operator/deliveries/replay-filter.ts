/** What an operator chose; an empty string is no condition. */
export interface ReplayChoice {
  readonly state: string;
  readonly endpointId: string;
  /** As a field for local time holds it. */
  readonly from: string;
  readonly to: string;
}

/** The choice as the API takes it. */
export function filterOf({ state, endpointId, from, to }: ReplayChoice): Readonly<Record<string, string>> {
  return {
    ...(state !== '' && { state }),
    ...(endpointId !== '' && { endpointId }),
    ...(from !== '' && { from: new Date(from).toISOString() }),
    ...(to !== '' && { to: new Date(to).toISOString() }),
  };
}

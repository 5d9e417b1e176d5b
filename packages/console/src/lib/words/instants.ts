/** The clock that instants are told by: that of the reader's place, or UTC. */
export type Zone = 'local' | 'utc';

/** The time of day; `Z` marks UTC, which could else be taken for the other. */
export function timeWords(at: number | string, zone: Zone): string {
  const time = new Date(at).toLocaleTimeString('en-GB', { timeZone: zoneName(zone) });
  return zone === 'utc' ? `${time}Z` : time;
}

/** Day and time of day. */
export function dayWords(at: number | string, zone: Zone): string {
  return `${new Date(at).toLocaleDateString('en-CA', { timeZone: zoneName(zone) })} ${timeWords(at, zone)}`;
}

function zoneName(zone: Zone): string | undefined {
  return zone === 'utc' ? 'UTC' : undefined;
}

import type { Stamped } from '../../events.ts';
import type { AttemptStore } from '../../store/attempts.ts';
import { attemptView } from './attempts.ts';
import type { StreamEvent } from './stream-event.ts';

/**
 * What a process remembers of an event. An erasure at any gateway of the fleet does not reach the memory of this one, so
 * nothing that an erasure takes is in it: the database has that, for as long as it may be told.
 */
export type StreamMemory = StreamEvent | { readonly type: 'recorded attempt'; readonly id: string };

/** Nothing is kept of an attempt but its id, unless it was refused: that has no key, and is told of in our own words. */
export function rememberEvent(event: StreamEvent): StreamMemory {
  if (event.type === 'delivery') {
    const lastTry = { ...event.data.lastTry, responseExcerpt: null };
    return { type: 'delivery', data: { ...event.data, lastTry } };
  }
  return event.data.outcome === 'refused' ? event : { type: 'recorded attempt', id: event.data.id };
}

/** Makes events of what is remembered: attempts as they stand now, without those that are deleted. */
export async function recallEvents(
  remembered: readonly Stamped<StreamMemory>[],
  attempts: Pick<AttemptStore, 'getAll'>,
): Promise<readonly Stamped<StreamEvent>[]> {
  const ids = remembered.flatMap(({ event }) => (event.type === 'recorded attempt' ? [event.id] : []));
  const rows = ids.length > 0 ? await attempts.getAll(ids) : [];
  const views = new Map(rows.map((row) => [row.id, attemptView(row)]));
  return remembered.flatMap(({ id, event }): Stamped<StreamEvent>[] => {
    if (event.type !== 'recorded attempt') return [{ id, event }];
    const data = views.get(event.id);
    return data ? [{ id, event: { type: 'attempt', data } }] : [];
  });
}

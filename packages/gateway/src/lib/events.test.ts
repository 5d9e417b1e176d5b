import { expect, test } from 'vitest';
import { createEvents, type Events, type Stamped } from './events.ts';

const open = ({ capacity = 1_000 } = {}) => createEvents({ capacity, remember: (event: string) => event });

function listen(events: Events<string>, after?: string | null) {
  const heard: string[] = [];
  let ended = 0;
  const resumption = events.subscribe(
    {
      onEvent: ({ event }: Stamped<string>) => heard.push(event),
      onEnd: () => {
        ended += 1;
      },
    },
    after,
  );
  return { ...resumption, heard, ended: () => ended };
}

const eventsIn = (since: readonly Stamped<string>[]) => since.map(({ event }) => event);

test('everybody who listens hears what happens from then on, in order', () => {
  const events = open();
  events.publish('before');
  const [one, other] = [listen(events), listen(events)];
  events.publish('a');
  events.publish('b');
  expect(one.since).toEqual([]);
  expect([one.heard, other.heard]).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
});

test('whoever comes back hears what happened since, and then what comes', () => {
  const events = open();
  const ids: string[] = [];
  events.subscribe({ onEvent: ({ id }) => ids.push(id), onEnd: () => {} });
  for (const event of ['a', 'b', 'c']) events.publish(event);
  const back = listen(events, ids[0]);
  events.publish('d');
  expect(eventsIn(back.since)).toEqual(['b', 'c']);
  expect(back.missed).toBe(false);
  expect(back.heard).toEqual(['d']);
  expect(eventsIn(listen(events, ids[3]).since)).toEqual([]);
});

test('only so many are remembered, and whoever missed more is told', () => {
  const events = open({ capacity: 2 });
  const ids: string[] = [];
  events.subscribe({ onEvent: ({ id }) => ids.push(id), onEnd: () => {} });
  for (const event of ['a', 'b', 'c', 'd']) events.publish(event);
  expect(listen(events, ids[1])).toMatchObject({ missed: false, since: [{ event: 'c' }, { event: 'd' }] });
  expect(listen(events, ids[0])).toMatchObject({ missed: true, since: [{ event: 'c' }, { event: 'd' }] });
});

test('those who listen hear an event, and those who come back what is remembered of it', () => {
  const events = createEvents({ remember: (event: string) => event.length });
  const heard: Stamped<string>[] = [];
  events.subscribe({ onEvent: (stamped) => heard.push(stamped), onEnd: () => {} });
  events.publish('first');
  events.publish('second');
  const { since } = events.subscribe({ onEvent: () => {}, onEnd: () => {} }, heard[0]?.id);
  expect(heard.map(({ event }) => event)).toEqual(['first', 'second']);
  expect(since).toEqual([{ id: heard[1]?.id, event: 6 }]);
});

test('an id of another process, or none at all, is a gap', () => {
  const [events, others] = [open(), open()];
  const ids: string[] = [];
  others.subscribe({ onEvent: ({ id }) => ids.push(id), onEnd: () => {} });
  others.publish('a');
  events.publish('a');
  for (const id of [ids[0], 'nonsense', '', '-1', `${ids[0]}9`]) {
    expect(listen(events, id)).toMatchObject({ missed: true, since: [] });
  }
});

test('whoever leaves hears nothing more, even when leaving while hearing', () => {
  const events = open();
  const heard: string[] = [];
  const first = events.subscribe({
    onEvent: ({ event }) => {
      heard.push(event);
      first.leave();
    },
    onEnd: () => {},
  });
  const second = listen(events);
  events.publish('a');
  events.publish('b');
  expect(heard).toEqual(['a']);
  expect(second.heard).toEqual(['a', 'b']);
  expect(events.listeners).toBe(1);
});

test('the end is told once, also to those who come later, and nothing is told after it', () => {
  const events = open();
  const early = listen(events);
  events[Symbol.dispose]();
  events[Symbol.dispose]();
  events.publish('late');
  const late = listen(events);
  expect([early.ended(), late.ended(), events.listeners]).toEqual([1, 1, 0]);
  expect([early.heard, late.heard]).toEqual([[], []]);
});

test('who is dismissed hears no more, and may listen again', () => {
  const events = open();
  const first = listen(events);
  events.dismiss();
  events.publish('unheard');
  expect([first.heard, first.ended(), events.listeners]).toEqual([[], 1, 0]);
  const again = listen(events);
  events.publish('heard');
  expect([again.heard, again.ended()]).toEqual([['heard'], 0]);
});

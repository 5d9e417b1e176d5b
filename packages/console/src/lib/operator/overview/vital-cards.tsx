import type { Clock } from 'guestpass';
import { useEffect } from 'preact/hooks';
import { every } from '../../every.ts';
import { countWords, spanWords } from '../../words/numbers.ts';
import type { Delivery, Page } from '../data/views.ts';
import { type Vitals, vitalsOf } from '../data/vitals.ts';
import { useLoaded } from '../parts/use-loaded.ts';
import { Card } from './card.tsx';

const refreshMs = 10_000;

/** What waits for its receivers, and how it stands with the audit log. */
export function VitalCards({ clock }: { readonly clock: Clock }) {
  const metrics = useLoaded<string>('/metrics');
  const dead = useLoaded<Page<Delivery>>('/v1/deliveries?state=dead&limit=200');
  useEffect(
    () =>
      every(clock, refreshMs, () => {
        metrics.reload();
        dead.reload();
      }),
    [clock],
  );
  const vitals = vitalsOf(metrics.body.value ?? '');
  const { waiting } = vitals;
  return (
    <>
      <Card
        name="Webhooks waiting"
        value={waiting === null ? '–' : countWords(waiting)}
        note={waitingNote(vitals, dead.body.value)}
      />
      <Card name="Audit chain" {...chainWords(vitals, clock.now())} />
    </>
  );
}

function waitingNote({ waiting, oldestWaitingMs }: Vitals, dead: Page<Delivery> | null): string {
  const gone = dead ? `${countWords(dead.data.length)}${dead.nextCursor === null ? '' : '+'} given up` : '';
  const oldest =
    waiting === null || waiting === 0 || oldestWaitingMs === null ? '' : `oldest ${spanWords(oldestWaitingMs)}`;
  return [oldest, gone].filter((one) => one !== '').join(' · ');
}

function chainWords({ chainValid, chainCheckedMs }: Vitals, nowMs: number) {
  if (chainValid === null) return { value: '–', note: 'not checked since the start' };
  const note = chainCheckedMs === null ? '' : `checked ${spanWords(Math.max(0, nowMs - chainCheckedMs))} ago`;
  return { value: chainValid ? 'whole' : 'broken', note, alarming: !chainValid };
}

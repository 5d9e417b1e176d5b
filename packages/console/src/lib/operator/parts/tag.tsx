import type { DeliveryState, Outcome } from '../data/views.ts';

type Tone = 'good' | 'warn' | 'bad' | 'odd' | 'idle';

/** A word with a color and a shape, so that none of the three is needed alone. */
export function Tag({ tone, word }: { readonly tone: Tone; readonly word: string }) {
  return (
    <span class="tag" data-tone={tone}>
      <span aria-hidden="true">{shapes[tone]}</span>
      {word}
    </span>
  );
}

const shapes: Readonly<Record<Tone, string>> = { good: '●', warn: '▲', bad: '■', odd: '◆', idle: '○' };

const outcomes: Readonly<Record<Outcome, Tone>> = {
  admitted: 'good',
  refused: 'warn',
  failed: 'bad',
  unknown: 'odd',
  intent: 'idle',
};

export function OutcomeTag({ outcome }: { readonly outcome: Outcome }) {
  return <Tag tone={outcomes[outcome]} word={outcome === 'intent' ? 'under way' : outcome} />;
}

const states: Readonly<Record<DeliveryState, Tone>> = { delivered: 'good', pending: 'idle', dead: 'bad', held: 'warn' };

export function StateTag({ state }: { readonly state: DeliveryState }) {
  return <Tag tone={states[state]} word={state} />;
}

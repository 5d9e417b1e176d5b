import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Problem } from '../network.ts';
import type { AdmissionStep, Notice } from './admission.ts';
import { visitorWords } from './visitor-words.ts';

export interface ConsentCardProps {
  /** The text that is agreed to, word by word. */
  readonly notice: Notice;
  /** What is being done; `null` while the visitor decides. */
  readonly step: AdmissionStep | 'connecting' | null;
  /** Why the last try came to nothing. */
  readonly problem: Problem | null;
  /** Whether the visitor has just taken the last consent back. */
  readonly isWithdrawn: boolean;
  readonly onAgree: () => Promise<void>;
}

const steps = [
  ['checking', 'Checking that you are not a robot'],
  ['letting-in', 'Letting you in'],
  ['connecting', 'Connecting the chat'],
] as const;

/** Asks for consent. Nothing is sent before the visitor has agreed. */
export function ConsentCard({ notice, step, problem, isWithdrawn, onAgree }: ConsentCardProps) {
  const agreed = useSignal(false);
  const missing = useSignal(false);
  const box = useRef<HTMLInputElement>(null);
  const alert = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (problem || isWithdrawn) alert.current?.focus();
  }, [problem, isWithdrawn]);

  const submit = (event: Event) => {
    event.preventDefault();
    missing.value = !agreed.value;
    if (agreed.value) void onAgree();
    else box.current?.focus();
  };

  return (
    <section class="card" aria-labelledby="title">
      <header>
        <span class="emblem" aria-hidden="true" />
        <h1 id="title">Chat with us</h1>
      </header>
      {isWithdrawn && (
        <div class="notice" role="status" tabIndex={-1} ref={alert}>
          <p>Your consent was taken back, and the chat has ended.</p>
        </div>
      )}
      {problem && (
        <div class="notice bad" role="alert" tabIndex={-1} ref={alert}>
          <p>{visitorWords(problem)}</p>
          {problem.retryAfterSeconds !== null && (
            <p class="small">Please try again in {secondsWords(problem.retryAfterSeconds)}.</p>
          )}
          {problem.requestId !== null && (
            <p class="small quiet">
              If you contact us about this: <code>{problem.requestId}</code>
            </p>
          )}
        </div>
      )}
      {step === null ? (
        <form onSubmit={submit} noValidate>
          <div class="notice-text">
            <h2>Before we start</h2>
            <p id="notice" lang={notice.language}>
              {notice.text}
            </p>
          </div>
          <label class="inline">
            <input
              type="checkbox"
              ref={box}
              checked={agreed.value}
              aria-describedby={missing.value ? 'notice missing' : 'notice'}
              aria-invalid={missing.value}
              onChange={(event) => {
                agreed.value = event.currentTarget.checked;
                if (agreed.value) missing.value = false;
              }}
            />
            <span>I have read this and agree.</span>
          </label>
          {missing.value && (
            <p id="missing" class="fault">
              Please tick the box to start the chat.
            </p>
          )}
          <button type="submit" class="main wide">
            Start the chat
          </button>
        </form>
      ) : (
        <Steps step={step} />
      )}
    </section>
  );
}

function Steps({ step }: { readonly step: NonNullable<ConsentCardProps['step']> }) {
  const current = steps.findIndex(([name]) => name === step);
  return (
    <>
      <p role="status" class="unseen">
        {steps[current]?.[1]} …
      </p>
      <ol class="steps">
        {steps.map(([name, words], index) => (
          <li key={name} data-state={index < current ? 'done' : index === current ? 'now' : 'later'}>
            {words}
            <span class="unseen">{index < current ? ', done' : index === current ? ', under way' : ''}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

function secondsWords(seconds: number): string {
  if (seconds < 90) return seconds === 1 ? 'a second' : `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}

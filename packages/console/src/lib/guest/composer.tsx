import { type Signal, useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { Conversation } from './conversation.ts';

export interface ComposerProps {
  readonly conversation: Conversation;
  /** Set to why something could not even be tried. */
  readonly refused: Signal<string | null>;
}

const longestText = 4_096;

/** Where the visitor writes. Enter sends, Shift and Enter begins a line. */
export function Composer({ conversation, refused }: ComposerProps) {
  const text = useSignal('');
  const field = useRef<HTMLTextAreaElement>(null);
  const files = useRef<HTMLInputElement>(null);

  const send = (event?: Event) => {
    event?.preventDefault();
    if (text.value.trim() === '') return;
    conversation.say(text.value);
    text.value = '';
    field.current?.focus();
  };
  const attach = async () => {
    const file = files.current?.files?.[0];
    if (!file) return;
    refused.value = null;
    await conversation.attach(file).catch(() => {
      refused.value = 'The file could not be read.';
    });
    if (files.current) files.current.value = '';
  };

  return (
    <form class="composer" onSubmit={send}>
      <input
        type="file"
        class="unseen"
        ref={files}
        tabIndex={-1}
        aria-label="File to send"
        onChange={() => void attach()}
      />
      <button type="button" class="plain icon" aria-label="Send a file" onClick={() => files.current?.click()}>
        <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
          <path
            d="m20 11-8.500 8.500a5 5 0 0 1-7-7L13 4a3.300 3.300 0 0 1 4.700 4.700l-8.400 8.400a1.700 1.700 0 0 1-2.400-2.400l7.600-7.500"
            fill="none"
            stroke="currentColor"
            stroke-width="1.800"
            stroke-linecap="round"
            stroke-linejoin="round"
          />
        </svg>
      </button>
      <textarea
        ref={field}
        aria-label="Your message"
        placeholder="Write a message"
        rows={1}
        maxLength={longestText}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          if (text.value !== '') conversation.type();
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) send(event);
        }}
      />
      <button type="submit" class="main" aria-disabled={text.value.trim() === ''}>
        Send
      </button>
    </form>
  );
}

import { useSignal } from '@preact/signals';
import type { Clock } from 'guestpass';
import type { SessionState } from 'guestpass/session';
import { useEffect, useRef } from 'preact/hooks';
import { Composer } from './composer.tsx';
import { ConsentReceipt } from './consent-receipt.tsx';
import { type Conversation, codeOf } from './conversation.ts';
import { MessageRow } from './message-row.tsx';
import { OutgoingRow } from './outgoing-row.tsx';
import { useFollow } from './use-follow.ts';
import { useOnline } from './use-online.ts';
import { visitorWords } from './visitor-words.ts';

export interface ChatProps {
  readonly conversation: Conversation;
  readonly clock: Clock;
  /** Of the visitor's consent, where there is one. */
  readonly receipt: string | undefined;
  /** The visitor wants to be let in anew. */
  readonly onRestart: () => void;
  /** The visitor has taken the consent back. */
  readonly onWithdrawn: () => void;
}

/** The conversation of a guest. */
export function Chat({ conversation, receipt, onRestart, onWithdrawn }: ChatProps) {
  const { state, messages, outgoing, typing, lost } = conversation;
  const online = useOnline();
  const list = useRef<HTMLDivElement>(null);
  const refused = useSignal<string | null>(null);
  useEffect(() => () => void conversation.close(), [conversation]);
  useFollow(list, conversation);

  const ended = lost.value !== null || state.value in codeOfEnd;
  const leave = () => {
    void conversation.close();
    onRestart();
  };
  // Any other fault shows by itself, as the end of this conversation, and may pass.
  const startNew = () =>
    conversation.startNew().catch((error: unknown) => {
      if (codeOf(error) === 'request_rejected') leave();
    });
  const last = messages.value.at(-1);

  return (
    <main class="chat" aria-label="Chat">
      <header>
        <span class="emblem" aria-hidden="true" />
        <h1>Chat</h1>
        <ConnectionWord state={state.value} online={online.value} ended={ended} />
        <button type="button" class="plain small" onClick={leave}>
          End chat
        </button>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <div class="messages" role="log" aria-label="Messages" tabIndex={0} ref={list}>
        {messages.value.length === 0 && outgoing.value.length === 0 && (
          <p class="quiet center">You are connected. Say hello.</p>
        )}
        {messages.value.map((message) => (
          <MessageRow
            key={message.id}
            message={message}
            isLast={message === last && outgoing.value.length === 0 && state.value === 'ready'}
            conversation={conversation}
          />
        ))}
        {outgoing.value.map((one) => (
          <OutgoingRow key={`out-${one.id}`} outgoing={one} conversation={conversation} />
        ))}
        {typing.value && <p class="typing">Somebody is typing …</p>}
      </div>
      <div class="foot">
        {refused.value !== null && (
          <p class="notice bad" role="alert">
            {refused.value}
          </p>
        )}
        {ended ? (
          <EndNotice words={endWords(lost.value, state.value)} action="Start a new chat" onAction={leave} />
        ) : state.value === 'read-only' ? (
          <EndNotice
            words="This conversation has ended. You can still read it."
            action="New conversation"
            onAction={startNew}
          />
        ) : (
          <Composer conversation={conversation} refused={refused} />
        )}
        {receipt !== undefined && <ConsentReceipt receipt={receipt} onWithdrawn={onWithdrawn} />}
      </div>
    </main>
  );
}

const codeOfEnd: Readonly<Partial<Record<SessionState, string>>> = {
  expired: 'session_expired',
  'signed-out': 'session_signed_out',
  closed: 'session_closed',
};

function endWords(code: string | null, state: SessionState): string {
  return visitorWords({
    code: code ?? codeOfEnd[state] ?? 'session_closed',
    status: 503,
    detail: 'The chat was lost. Please start a new one.',
  });
}

interface EndNoticeProps {
  readonly words: string;
  readonly action: string;
  readonly onAction: () => unknown;
}

function EndNotice({ words, action, onAction }: EndNoticeProps) {
  return (
    <div class="end" role="status">
      <p>{words}</p>
      <button type="button" class="main" onClick={() => void onAction()}>
        {action}
      </button>
    </div>
  );
}

interface ConnectionWordProps {
  readonly state: SessionState;
  readonly online: boolean;
  readonly ended: boolean;
}

function ConnectionWord({ state, online, ended }: ConnectionWordProps) {
  const [tone, words] = connectionWords({ state, online, ended });
  return (
    <p class="connection" role="status" data-tone={tone}>
      {words}
    </p>
  );
}

function connectionWords({ state, online, ended }: ConnectionWordProps): readonly [tone: string, words: string] {
  if (ended) return ['off', 'Ended'];
  if (!online) return ['off', 'You are offline'];
  if (state === 'ready') return ['on', 'Connected'];
  if (state === 'read-only') return ['off', 'Ended'];
  if (state === 'reconnecting') return ['busy', 'Reconnecting …'];
  return ['busy', 'Connecting …'];
}

import type { Conversation, Outgoing } from './conversation.ts';
import { visitorWords } from './visitor-words.ts';

export interface OutgoingRowProps {
  readonly outgoing: Outgoing;
  readonly conversation: Conversation;
}

/** What the visitor said and has not arrived yet. */
export function OutgoingRow({ outgoing, conversation }: OutgoingRowProps) {
  const { id, text, fileName, failed } = outgoing;
  return (
    <article class="message" data-author="guest" data-waiting={failed === null}>
      <p class="who small quiet">{failed === null ? 'Sending …' : 'Not sent'}</p>
      {text !== '' && <p class="words">{text}</p>}
      {fileName !== null && <p class="words">{fileName}</p>}
      {failed !== null && (
        <div class="not-sent">
          <p class="fault" role="alert">
            {notSentWords(failed)}
          </p>
          <button type="button" onClick={() => conversation.repeat(id)}>
            Send again
          </button>
          <button type="button" class="plain" onClick={() => conversation.discard(id)}>
            Discard
          </button>
        </div>
      )}
    </article>
  );
}

function notSentWords(code: string): string {
  const own: Readonly<Record<string, string>> = {
    payload_invalid: 'This is too long, or a file of a kind that is not allowed.',
    request_rejected: 'This was not accepted.',
    rate_limited: 'That was too fast. Please wait a moment.',
    outcome_unknown: 'The connection broke. This may have arrived.',
  };
  return own[code] ?? visitorWords({ code, status: 503, detail: 'This could not be sent.' });
}

import { useSignal } from '@preact/signals';
import type { Attachment, Message } from 'guestpass/session';
import { clockTime } from '../words/clock-time.ts';
import { byteWords } from '../words/numbers.ts';
import type { Conversation } from './conversation.ts';

export interface MessageRowProps {
  readonly message: Message;
  /** Only the last message still offers its choices. */
  readonly isLast: boolean;
  readonly conversation: Conversation;
}

/** One message, its files, and the choices it offers. */
export function MessageRow({ message, isLast, conversation }: MessageRowProps) {
  const { author, name, text, time, attachments, quickReplies } = message;
  return (
    <article class="message" data-author={author === 'guest' ? 'guest' : 'other'}>
      <p class="who small quiet">
        {author === 'guest' ? 'You' : (name ?? (author === 'bot' ? 'Assistant' : 'Agent'))}
        {time !== null && (
          <>
            {' · '}
            <time dateTime={time}>{clockTime(time)}</time>
          </>
        )}
      </p>
      {text !== '' && <p class="words">{text}</p>}
      {attachments.map((attachment) => (
        <FileButton key={attachment.id} attachment={attachment} conversation={conversation} />
      ))}
      {isLast && quickReplies.length > 0 && (
        <ul class="choices" aria-label="Suggested answers">
          {quickReplies.map((reply) => (
            <li key={reply.payload || reply.text}>
              <button type="button" onClick={() => conversation.choose(reply, message.id)}>
                {reply.text}
              </button>
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}

interface FileButtonProps {
  readonly attachment: Attachment;
  readonly conversation: Conversation;
}

function FileButton({ attachment, conversation }: FileButtonProps) {
  const failed = useSignal(false);
  const name = attachment.name ?? 'file';
  const save = async () => {
    try {
      const address = URL.createObjectURL(await conversation.download(attachment));
      const link = Object.assign(document.createElement('a'), { href: address, download: name });
      link.click();
      URL.revokeObjectURL(address);
      failed.value = false;
    } catch {
      failed.value = true;
    }
  };
  return (
    <>
      <button type="button" class="file" onClick={() => void save()}>
        <span aria-hidden="true">↓</span> {name}
        {attachment.size !== null && <span class="quiet small">{byteWords(attachment.size)}</span>}
      </button>
      {failed.value && (
        <p class="fault" role="alert">
          The file could not be fetched. Please try again.
        </p>
      )}
    </>
  );
}

import type { Message, SessionEvent, SessionState } from 'guestpass/session';
import { type OutputFlags, paintFor } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { printable } from '../terminal/text.ts';

/** Shows a talk: lines for people, or one JSON object a line. */
export interface ChatPrinter {
  message(message: Message): void;
  state(state: SessionState): void;
  event(event: SessionEvent): void;
  /** Something about the talk itself. */
  remark(text: string): void;
}

const stateRemarks: Readonly<Partial<Record<SessionState, string>>> = {
  reconnecting: 'The connection was lost; trying again.',
  'read-only': 'The conversation has ended. /new begins another one.',
  expired: 'The session has expired.',
  'signed-out': 'You are signed out.',
};

/** `shown` says whether what the guest types can be seen already. */
export function createChatPrinter(surroundings: Surroundings, flags: OutputFlags, shown: boolean): ChatPrinter {
  return flags.json ? jsonPrinter(surroundings) : linePrinter(surroundings, flags, shown);
}

function jsonPrinter({ terminal }: Surroundings): ChatPrinter {
  const line = (record: object) => {
    const text = JSON.stringify(record);
    terminal.out(`${text.replace(/[\p{Cf}\p{Zl}\p{Zp}\u007f-\u009f]/gu, printable)}\n`);
  };
  return {
    message: ({ id, author, name, text, time, attachments, quickReplies }) =>
      line({ type: 'message', id, author, name, text, time, attachments, quickReplies }),
    state: (state) => line({ type: 'state', state }),
    event: (event) => line(event),
    remark: (text) => terminal.err(`${text}\n`),
  };
}

function linePrinter(surroundings: Surroundings, flags: OutputFlags, shown: boolean): ChatPrinter {
  const { terminal } = surroundings;
  const paint = paintFor('out', surroundings, flags);
  const dim = paintFor('err', surroundings, flags).dim;
  let typing = false;
  let lost = false;
  /** The word that somebody types stands alone on its line until something else is shown. */
  const clear = () => {
    if (typing) terminal.err('\r\x1b[K');
    typing = false;
  };
  const remark = (text: string) => {
    clear();
    if (!flags.quiet) terminal.err(`${dim(printable(text))}\n`);
  };
  return {
    remark,
    message(message) {
      clear();
      if (message.author === 'guest' && shown) return;
      const name = message.author === 'guest' ? 'you' : (message.name ?? message.author);
      const color = message.author === 'guest' ? paint.cyan : paint.green;
      terminal.out(`${color(`${printable(name)}:`)} ${linesOf(message).map(printable).join('\n  ')}\n`);
    },
    state(state) {
      const text = state === 'ready' && lost ? 'Connected again.' : stateRemarks[state];
      lost = state === 'reconnecting';
      if (text !== undefined) remark(text);
    },
    event(event) {
      if (event.type !== 'typing' || event.author === 'guest' || !terminal.errIsTty || flags.quiet) return;
      clear();
      terminal.err(dim(`${event.author} is typing…`));
      typing = true;
    },
  };
}

function linesOf({ text, attachments, quickReplies }: Message): readonly string[] {
  const files = attachments.map(({ name, size }) => `[file ${name ?? '?'}${size === null ? '' : `, ${size} bytes`}]`);
  const replies = quickReplies.length > 0 ? [`[choices: ${quickReplies.map((reply) => reply.text).join(' · ')}]`] : [];
  return [...(text === '' ? [] : text.split('\n')), ...files, ...replies];
}

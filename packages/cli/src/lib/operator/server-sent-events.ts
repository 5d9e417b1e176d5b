/** One event of a stream (WHATWG HTML, section 9.2). */
export interface ServerSentEvent {
  readonly type: string;
  readonly data: string;
}

/** Reads a stream piece by piece. */
export interface EventReader {
  /** The events that a further piece completes. */
  read(chunk: Uint8Array): readonly ServerSentEvent[];
  /** The id of the last event that came whole. */
  readonly lastEventId: string | undefined;
  /** How long to wait before coming back, in milliseconds, when the stream said. */
  readonly retryMs: number | undefined;
}

/** An event that grows beyond this is dropped, so that a stream which never ends one fills no memory. */
const longestEvent = 1_048_576;

export function createEventReader(after?: string): EventReader {
  const decoder = new TextDecoder();
  let rest = '';
  let data: string[] = [];
  let type = '';
  let pendingId = after;
  let lastEventId = after;
  let retryMs: number | undefined;
  let size = 0;

  const dispatch = (): readonly ServerSentEvent[] => {
    const event = { type: type || 'message', data: data.join('\n') };
    const isWhole = data.length > 0 && size <= longestEvent;
    [data, type, size] = [[], '', 0];
    lastEventId = pendingId;
    return isWhole ? [event] : [];
  };

  const take = (line: string): readonly ServerSentEvent[] => {
    if (line === '') return dispatch();
    const colon = line.indexOf(':');
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    size += line.length;
    if (name === 'data' && size <= longestEvent) data.push(value);
    if (name === 'event') type = value;
    if (name === 'id' && !value.includes('\0')) pendingId = value;
    if (name === 'retry' && /^\d{1,6}$/.test(value)) retryMs = Number(value);
    return [];
  };

  return {
    read(chunk) {
      const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split(/\r\n|\n|\r(?!$)/);
      rest = (lines.pop() ?? '').slice(0, longestEvent + 1);
      return lines.flatMap(take);
    },
    get lastEventId() {
      return lastEventId;
    },
    get retryMs() {
      return retryMs;
    },
  };
}

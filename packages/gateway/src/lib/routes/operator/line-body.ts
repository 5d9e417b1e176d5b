export interface LineBodyOptions {
  /** Told why the body broke off. */
  readonly onError: (error: unknown) => void;
  /** Cuts the connection. Without one the stream itself fails. */
  readonly cut: (() => void) | undefined;
}

/** Lines gathered before they are sent. */
const chunkLength = 65_536;

/**
 * A body of lines that are made while they are sent, as fast as the receiver takes them. Rejects when not even the
 * first line can be had, so that this can still be answered as what it is.
 */
export async function lineBody(
  lines: AsyncGenerator<string, void, undefined>,
  { onError, cut }: LineBodyOptions,
): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder();
  let next = await lines.next();

  const gather = async () => {
    let text = '';
    for (; !next.done && text.length < chunkLength; next = await lines.next()) text += `${next.value}\n`;
    return text;
  };

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const text = await gather();
          if (text !== '') controller.enqueue(encoder.encode(text));
          if (next.done) controller.close();
        } catch (error) {
          onError(error);
          // The server would write a failed stream to the console.
          if (cut) cut();
          else controller.error(error);
        }
      },
      async cancel() {
        await lines.return();
      },
    },
    { highWaterMark: 0 },
  );
}

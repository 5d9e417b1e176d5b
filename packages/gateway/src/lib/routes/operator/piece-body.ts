export interface PieceBodyOptions {
  /** Told why the body broke off. */
  readonly onError: (error: unknown) => void;
  /** Cuts the connection. Without one the stream itself fails. */
  readonly cut: (() => void) | undefined;
}

/**
 * A body whose pieces are made while they are sent, as fast as the receiver takes them. Rejects when not even the first
 * piece can be had, so that this can still be answered as what it is.
 */
export async function pieceBody(
  source: AsyncIterable<Uint8Array>,
  { onError, cut }: PieceBodyOptions,
): Promise<ReadableStream<Uint8Array>> {
  const pieces = source[Symbol.asyncIterator]();
  let next = await pieces.next();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          if (next.done) return controller.close();
          controller.enqueue(next.value);
          next = await pieces.next();
        } catch (error) {
          onError(error);
          // The server would write a failed stream to the console.
          if (cut) cut();
          else controller.error(error);
        }
      },
      async cancel() {
        await pieces.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

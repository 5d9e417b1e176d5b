import { type Clock, sleep } from 'guestpass';
import type { Network } from '../network.ts';
import { GatewayRefusal } from './gateway-refusal.ts';
import type { OperatorAccess } from './operator-access.ts';
import { bearer } from './operator-api.ts';
import { createEventReader, type ServerSentEvent } from './server-sent-events.ts';

export interface FollowOptions {
  readonly network: Network;
  readonly clock: Clock;
  /** Ends the following without an error. */
  readonly signal: AbortSignal;
  /** Told of each connection that was lost, and how long is waited. */
  readonly onLost: (failure: string, waitMs: number) => void;
}

/** The gateway shows every 15 s that it is there. */
const longestSilenceMs = 45_000;
const longestWaitMs = 30_000;

/**
 * Hears a gateway's stream and comes back behind the last event whenever the connection is lost. Rejects with a
 * {@link GatewayRefusal} when it is not let in.
 */
export async function* follow(
  access: OperatorAccess,
  { network, clock, signal, onLost }: FollowOptions,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  let lastEventId: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    const reader = createEventReader(lastEventId);
    let failure = 'ended';
    try {
      for await (const chunk of connect(access, lastEventId, { network, clock, signal })) {
        failures = 0;
        yield* reader.read(chunk);
        lastEventId = reader.lastEventId;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof GatewayRefusal && error.status < 500) throw error;
      failure = failureOf(error);
    }
    const waitMs = Math.min((reader.retryMs ?? 2_000) * 2 ** failures, longestWaitMs);
    failures += 1;
    onLost(failure, waitMs);
    await sleep(clock, waitMs, signal).catch(() => {});
  }
}

async function* connect(
  access: OperatorAccess,
  lastEventId: string | undefined,
  { network, clock, signal }: Pick<FollowOptions, 'network' | 'clock' | 'signal'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const patience = new AbortController();
  let cancel = () => {};
  const wait = () => {
    cancel();
    cancel = clock.after(longestSilenceMs, () => patience.abort(new Error('silence')));
  };
  wait();
  const headers = {
    ...bearer(access),
    accept: 'text/event-stream',
    ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
  };
  try {
    const both = AbortSignal.any([signal, patience.signal]);
    const { status, chunks } = await network.stream(`${access.url}/v1/stream`, headers, both);
    if (status !== 200) throw new GatewayRefusal(status, await bodyOf(chunks));
    for await (const chunk of chunks) {
      wait();
      yield chunk;
    }
  } finally {
    cancel();
  }
}

async function bodyOf(chunks: AsyncIterable<Uint8Array>): Promise<unknown> {
  try {
    return JSON.parse(Buffer.concat(await Array.fromAsync(chunks)).toString('utf8'));
  } catch {
    return undefined;
  }
}

function failureOf(error: unknown): string {
  if (error instanceof GatewayRefusal) return error.code;
  return error instanceof Error && 'code' in error ? String(error.code) : 'broken';
}

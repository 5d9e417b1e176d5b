import { systemClock } from 'guestpass';
import { type Serving, systemNetwork } from '../network.ts';
import { openExchange } from '../open-exchange.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { pickFields } from '../terminal/fields.ts';
import { codeOf, misuse } from '../terminal/misuse.ts';
import { type OutputFlags, type Paint, paintFor, say } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { fingerprint, jsonLine, printable } from '../terminal/text.ts';
import { createEventFilter } from './event-filter.ts';
import { createReceiver, type Heard } from './receiver.ts';
import { readWebhookAccess } from './webhook-access.ts';

export interface ListenFlags extends OutputFlags {
  readonly port: number;
  readonly forwardTo?: string;
  readonly events: readonly string[];
  readonly secretFile?: string;
  readonly printSecret?: boolean;
  readonly ndjson?: boolean;
  /** Fields to tell, with dots into objects. Default all. */
  readonly fields?: readonly string[];
  /** Events to hear before it ends. */
  readonly count?: number;
}

/** Receives webhooks on this machine until it is asked to end. Resolves with the exit code. */
export async function listen(surroundings: Surroundings, flags: ListenFlags): Promise<number> {
  const { terminal, clock = systemClock } = surroundings;
  const signal = AbortSignal.any([surroundings.signal, terminal.unread]);
  const { secret } = readWebhookAccess(surroundings, flags.secretFile);
  if (flags.printSecret) {
    terminal.out(`${secret}\n`);
    return exitCodes.done.code;
  }
  const enough = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => enough.resolve(), { once: true });
  if (signal.aborted) enough.resolve();
  const paint = paintFor('out', surroundings, flags);
  let left = flags.count ?? Number.POSITIVE_INFINITY;
  const onHeard = (heard: Heard) => {
    terminal.out(
      flags.ndjson || flags.json ? jsonLine(pickFields(recordOf(heard), flags.fields)) : lineOf(heard, paint),
    );
    left -= 1;
    if (left === 0) enough.resolve();
  };
  await using network = await openExchange(surroundings);
  const { forwardTo, events } = flags;
  const answer = createReceiver({
    secret,
    clock,
    exchange: network.exchange,
    isWanted: createEventFilter(events),
    forwardTo,
    onHeard,
  });
  const serving = await open(answer, surroundings, flags);
  say(terminal, flags, welcome(serving.url, secret));
  await enough.promise;
  await serving.close();
  return exitCodes.done.code;
}

async function open(
  answer: ReturnType<typeof createReceiver>,
  { network = systemNetwork }: Surroundings,
  { port }: ListenFlags,
): Promise<Serving> {
  try {
    return await network.serve(answer, { host: '127.0.0.1', port });
  } catch (error) {
    throw misuse(
      '--port',
      `${port} cannot be listened on${codeOf(error)}`,
      'Choose another --port; 0 is any free one.',
    );
  }
}

function welcome(url: string, secret: string): string {
  return `Listening on ${url}, signed with ${fingerprint(secret)} (guestpass listen --print-secret prints it).
Try  guestpass trigger guest.authenticated --to ${url}
Ctrl-C ends it.
`;
}

function recordOf({ event, reason, isRepeat, isLate, status, forwarded }: Heard): object {
  if (!event) return { verified: false, reason, status };
  const { id, payload } = event;
  const fields = typeof payload === 'object' ? payload : { payload };
  return { ...fields, verified: true, id, repeat: isRepeat, late: isLate, status, ...(forwarded && { forwarded }) };
}

function lineOf({ event, reason, isRepeat, isLate, status, forwarded }: Heard, paint: Paint): string {
  if (!event) return `${paint.red('✗')} not trusted (${reason}), answered ${status}\n`;
  const { id, type, payload } = event;
  const again = isRepeat ? `  ${paint.yellow('again')}` : '';
  const late = isLate ? `  ${paint.yellow('late')}` : '';
  const further = forwarded ? `  → ${printable(forwarded.result)} in ${forwarded.durationMs} ms` : '';
  return `${paint.green('✓')} ${printable(type)}  ${printable(id)}  ${subjectOf(payload)}${again}${late}${further}\n`;
}

function subjectOf(payload: unknown): string {
  // A cast, because whoever holds the secret may sign anything, and each field may be missing.
  const { data } = (payload ?? {}) as { readonly data?: { readonly attemptId?: unknown; readonly guestId?: unknown } };
  const ids = [data?.attemptId, data?.guestId].filter((id) => typeof id === 'string');
  return printable(ids.join('  '));
}

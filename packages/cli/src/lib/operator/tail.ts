import { systemClock } from 'guestpass';
import { systemNetwork } from '../network.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { pickFields } from '../terminal/fields.ts';
import { type OutputFlags, type Paint, paintFor, say } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { jsonLine, printable } from '../terminal/text.ts';
import { asOperator } from './as-operator.ts';
import { follow } from './follow.ts';
import type { ServerSentEvent } from './server-sent-events.ts';

export interface TailFlags extends OutputFlags {
  readonly outcome?: readonly string[];
  readonly code?: readonly string[];
  readonly channel?: readonly string[];
  /** True when tries of deliveries are shown too. */
  readonly deliveries?: boolean;
  readonly ndjson?: boolean;
  /** Fields to tell, with dots into objects. Default all. */
  readonly fields?: readonly string[];
  /** Events to show before it ends. */
  readonly count?: number;
}

/** Shows attempts as they end, until it is asked to stop. Resolves with the exit code. */
export async function tail(surroundings: Surroundings, flags: TailFlags): Promise<number> {
  const { terminal, clock = systemClock, network = systemNetwork } = surroundings;
  const signal = AbortSignal.any([surroundings.signal, terminal.unread]);
  return await asOperator(surroundings, flags, async ({ access }) => {
    const paint = paintFor('out', surroundings, flags);
    const onLost = (failure: string, waitMs: number) =>
      say(terminal, flags, `The stream of ${access.url} is lost (${failure}); again in ${waitMs / 1_000} s.\n`);
    let left = flags.count ?? Number.POSITIVE_INFINITY;
    for await (const event of follow(access, { network, clock, signal, onLost })) {
      if (event.type === 'missed') {
        say(terminal, flags, 'More happened than is remembered: guests before this line are not shown.\n');
        continue;
      }
      const news = newsIn(event, flags);
      if (!news) continue;
      const record = () => pickFields({ type: event.type, ...news }, flags.fields);
      terminal.out(flags.ndjson || flags.json ? jsonLine(record()) : lineOf(event, news, paint));
      left -= 1;
      if (left === 0) break;
    }
    // To stop listening is how it ends.
    return exitCodes.done.code;
  });
}

/** An attempt or a delivery, of which each field may be missing. */
type News = Readonly<Record<string, unknown>>;

function newsIn({ type, data }: ServerSentEvent, flags: TailFlags): News | undefined {
  const isWanted = type === 'attempt' || (type === 'delivery' && flags.deliveries === true);
  // A cast, because the gateway sends objects; what is missing in one is shown as missing.
  const news = isWanted ? (JSON.parse(data) as News) : undefined;
  if (type !== 'attempt' || !news) return news;
  const { outcome, code, channelId } = news;
  const isChosen = fits(flags.outcome, outcome) && fits(flags.code, code) && fits(flags.channel, channelId);
  return isChosen ? news : undefined;
}

function fits(wanted: readonly string[] | undefined, value: unknown): boolean {
  return wanted === undefined || wanted.includes(String(value));
}

function lineOf({ type }: ServerSentEvent, news: News, paint: Paint): string {
  return type === 'attempt' ? attemptLine(news, paint) : deliveryLine(news, paint);
}

function attemptLine(news: News, paint: Paint): string {
  const { settledAt, outcome, channelId, code, guestId, durationMs, id } = news;
  const mark = outcome === 'admitted' ? paint.green('✓') : paint.red('✗');
  const what = outcome === 'admitted' ? `guest ${text(guestId)}` : text(code);
  const words = [`${mark} ${text(outcome).padEnd(8)}`, text(channelId), what, `${text(durationMs)} ms`, text(id)];
  return `${timeOf(settledAt, paint)}  ${words.join('  ')}\n`;
}

function deliveryLine(news: News, paint: Paint): string {
  const { state, eventType, id, attemptId, lastTry } = news;
  // A cast as above.
  const { startedAt, outcome } = (lastTry ?? {}) as News;
  const mark = state === 'delivered' ? paint.green('✓') : paint.yellow('!');
  const words = [`${mark} ${text(state).padEnd(8)}`, text(eventType), text(outcome), text(id), text(attemptId)];
  return `${timeOf(startedAt, paint)}  ${words.join('  ')}\n`;
}

function timeOf(instant: unknown, paint: Paint): string {
  return paint.dim(text(instant).replace(/^.*T/, '').replace(/Z$/, ''));
}

function text(value: unknown): string {
  return value === null || value === undefined ? '-' : printable(String(value));
}

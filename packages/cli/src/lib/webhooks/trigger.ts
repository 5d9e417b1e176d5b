import { randomUUID } from 'node:crypto';
import { systemClock } from 'guestpass';
import { type Delivery, deliverWebhook, signWebhook } from 'guestpass/webhook';
import { openExchange } from '../open-exchange.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { misuse } from '../terminal/misuse.ts';
import { type OutputFlags, paintFor } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { complaint } from '../terminal/tell-error.ts';
import { columns, jsonDocument, printable } from '../terminal/text.ts';
import { type EventType, sampleEvent } from './sample-event.ts';
import { readWebhookAccess } from './webhook-access.ts';

export interface TriggerFlags extends OutputFlags {
  readonly to?: string;
  /** Fields of the data, by name. */
  readonly set?: Readonly<Record<string, string>>;
  /** `webhook-id`. Default a fresh one. */
  readonly id?: string;
  readonly secretFile?: string;
  readonly dryRun?: boolean;
}

/** Sends a signed sample event to a receiver. Resolves with the exit code. */
export async function trigger(type: EventType, surroundings: Surroundings, flags: TriggerFlags): Promise<number> {
  const { clock = systemClock, signal, terminal } = surroundings;
  const { secret, url } = readWebhookAccess(surroundings, flags.secretFile);
  const receiver = flags.to ?? url;
  const event = sampleEvent(type, clock.now(), flags.set);
  const id = flags.id ?? `msg_${randomUUID()}`;
  const body = JSON.stringify(event);
  const secrets = [secret];
  if (flags.dryRun) {
    const headers = signWebhook({ id, body }, { secrets, nowMs: clock.now() });
    const rows = Object.entries(headers).map(([name, value]) => [name, printable(value)] as const);
    // What is only shown needs no receiver.
    const endpoint = receiver === undefined ? null : checked(receiver);
    const shown = `Would send to ${printable(endpoint ?? 'a receiver')}\n\n${columns(rows)}\n${jsonDocument(event)}`;
    terminal.out(flags.json ? jsonDocument({ dryRun: true, endpoint, headers, event }) : shown);
    return exitCodes.done.code;
  }
  const endpoint = checked(receiver);
  await using network = await openExchange(surroundings);
  const delivery = await deliverWebhook({ endpoint, id, body }, { exchange: network.exchange, clock, secrets, signal });
  if (signal.aborted) return exitCodes.interrupted.code;
  if (flags.json) terminal.out(jsonDocument({ id, type, endpoint, ...delivery }));
  tell(delivery, { id, type, endpoint, surroundings, flags });
  if (delivery.result === 'delivered') return exitCodes.done.code;
  return delivery.status === undefined ? exitCodes.gaveUp.code : exitCodes.failed.code;
}

function checked(endpoint: string | undefined): string {
  const remedy = 'Give a URL such as http://127.0.0.1:4020, where guestpass listen receives.';
  if (endpoint === undefined) throw misuse('--to', 'is not given, nor is GUESTPASS_WEBHOOK_URL set', remedy);
  const { protocol = '', username = '', password = '' } = URL.parse(endpoint) ?? {};
  if (/^https?:$/.test(protocol) && username === '' && password === '') return endpoint;
  throw misuse('--to', 'must be an http or https URL without user name or password', remedy);
}

interface Told {
  readonly id: string;
  readonly type: EventType;
  readonly endpoint: string;
  readonly surroundings: Surroundings;
  readonly flags: TriggerFlags;
}

function tell(delivery: Delivery, { id, type, endpoint, surroundings, flags }: Told): void {
  const { terminal } = surroundings;
  const { result, status, failure, durationMs } = delivery;
  if (result === 'delivered') {
    const mark = paintFor('out', surroundings, flags).green('✓');
    if (!flags.json) terminal.out(`${mark} ${type} was taken: ${status} in ${durationMs} ms  ${printable(id)}\n`);
    return;
  }
  const isAnswered = status !== undefined;
  terminal.err(
    complaint(
      {
        verdict: 'Failed',
        what: isAnswered ? `The receiver answered ${status}.` : `No answer came from ${endpoint}.`,
        faults: [],
        why: isAnswered
          ? 'It does not take the event, or does not know the secret.'
          : `It did not answer (${failure}).`,
        hints: [],
        next: isAnswered
          ? 'Compare its secret with what guestpass listen --print-secret prints, or GUESTPASS_WEBHOOK_SECRET.'
          : 'Start it, or name another with --to.',
        ids: [failure ?? result, id],
      },
      paintFor('err', surroundings, flags),
    ),
  );
}

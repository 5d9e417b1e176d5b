import { systemClock } from 'guestpass';
import { exitCodes } from '../terminal/exit-codes.ts';
import { pickFields } from '../terminal/fields.ts';
import { misuse } from '../terminal/misuse.ts';
import { type OutputFlags, paintFor, say } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { jsonDocument, jsonLine } from '../terminal/text.ts';
import { asOperator } from './as-operator.ts';
import type { OperatorApi } from './operator-api.ts';
import { type DeliveryDetail, type DeliveryView, detailText, listText } from './tell-deliveries.ts';

export interface ListFlags extends OutputFlags {
  readonly state?: string;
  readonly endpoint?: string;
  readonly attempt?: string;
  readonly limit: number;
  readonly ndjson?: boolean;
  /** Fields to tell, with dots into objects. Default all. */
  readonly fields?: readonly string[];
}

interface Page {
  readonly data: readonly DeliveryView[];
  readonly nextCursor: string | null;
}

/** Lists deliveries, newest first. Resolves with the exit code. */
export async function listDeliveries(surroundings: Surroundings, flags: ListFlags): Promise<number> {
  const { terminal } = surroundings;
  return await asOperator(surroundings, flags, async (api) => {
    const found = await read(api, flags);
    const picked = found.map((delivery) => pickFields(delivery, flags.fields));
    if (flags.json) terminal.out(jsonDocument(picked));
    else if (flags.ndjson) for (const delivery of picked) terminal.out(jsonLine(delivery));
    else if (found.length === 0) say(terminal, flags, 'There are no such deliveries.\n');
    else terminal.out(listText(found, paintFor('out', surroundings, flags)));
    return exitCodes.done.code;
  });
}

const pageSize = 200;

async function read(
  api: OperatorApi,
  { state, endpoint, attempt, limit }: ListFlags,
): Promise<readonly DeliveryView[]> {
  const found: DeliveryView[] = [];
  let after: string | null = null;
  do {
    const asked = { state, endpoint, attempt, limit: Math.min(limit - found.length, pageSize), after };
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(asked)) if (value != null) query.set(name, String(value));
    const page: Page = await api.get<Page>(`/v1/deliveries?${query}`);
    found.push(...page.data);
    after = page.nextCursor;
  } while (after !== null && found.length < limit);
  return found;
}

/** Shows one delivery with every try. Resolves with the exit code. */
export async function showDelivery(id: string, surroundings: Surroundings, flags: OutputFlags): Promise<number> {
  if (!/^[\w-]+$/.test(id)) throw misuse('<id>', 'is no id of a delivery', 'Take one from guestpass deliveries list.');
  return await asOperator(surroundings, flags, async (api) => {
    const detail = await api.get<DeliveryDetail>(`/v1/deliveries/${encodeURIComponent(id)}`);
    const text = flags.json ? jsonDocument(detail) : detailText(detail, paintFor('out', surroundings, flags));
    surroundings.terminal.out(text);
    return exitCodes.done.code;
  });
}

export interface ReplayFlags extends OutputFlags {
  /** True for those that were given up. */
  readonly failed?: boolean;
  /** Milliseconds, as text. */
  readonly since?: string;
  readonly endpoint?: string;
  readonly reason: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

interface Replayed {
  readonly dryRun: boolean;
  readonly count: number;
}

/** Delivers one or all that match once more. Resolves with the exit code. */
export async function replayDeliveries(
  id: string | undefined,
  surroundings: Surroundings,
  flags: ReplayFlags,
): Promise<number> {
  const filter = filterOf(id, surroundings, flags);
  const { reason } = flags;
  return await asOperator(surroundings, flags, async (api) => {
    const ask = (dryRun: boolean) => api.post<Replayed>('/v1/deliveries/replays', { dryRun, filter, reason });
    const preview = await ask(true);
    if (flags.dryRun || preview.count === 0) return tell(preview, surroundings, flags);
    const isMeant = await confirm(`Deliver ${counted(preview.count)} once more?`, surroundings, flags);
    if (surroundings.signal.aborted) return exitCodes.interrupted.code;
    if (!isMeant) {
      say(surroundings.terminal, flags, 'Nothing was delivered.\n');
      return exitCodes.failed.code;
    }
    return tell(await ask(false), surroundings, flags);
  });
}

function filterOf(id: string | undefined, { clock = systemClock }: Surroundings, flags: ReplayFlags): object {
  const { failed, since, endpoint } = flags;
  const isRange = failed === true || since !== undefined || endpoint !== undefined;
  if (id !== undefined && isRange)
    throw misuse('<id>', 'does not go with --failed, --since or --endpoint', 'Give one.');
  if (id !== undefined) return { ids: [id] };
  if (!failed) throw misuse('<id>', 'is not given, nor is --failed', 'Say which deliveries are meant.');
  return {
    state: 'dead',
    ...(since !== undefined && { from: new Date(clock.now() - Number(since)).toISOString() }),
    ...(endpoint !== undefined && { endpointId: endpoint }),
  };
}

function tell({ dryRun, count }: Replayed, { terminal }: Surroundings, flags: OutputFlags): number {
  if (flags.json) terminal.out(jsonDocument({ dryRun, count }));
  else if (dryRun && count === 0) terminal.out('No delivery matches that could be replayed.\n');
  else if (dryRun) terminal.out(`${counted(count)} would be delivered once more. Nothing was changed.\n`);
  else terminal.out(`${counted(count)} ${count === 1 ? 'is' : 'are'} due now, with the same id and the same bytes.\n`);
  return exitCodes.done.code;
}

/** A number of deliveries in words. */
export function counted(count: number): string {
  return `${count} ${count === 1 ? 'delivery' : 'deliveries'}`;
}

/** Asks a person, and nobody else: a script means what it says. */
export async function confirm(
  question: string,
  { terminal, readLines, signal }: Surroundings,
  { yes, input }: Pick<ReplayFlags, 'yes' | 'input'>,
): Promise<boolean> {
  if (yes || !terminal.inIsTty || input === false) return true;
  terminal.err(`${question} [y/N] `);
  for await (const line of readLines(signal)) return /^y(?:es)?$/i.test(line.trim());
  return false;
}

import { gatewaySettings } from '@guestpass/gateway/config';
import { GuestpassError, systemClock } from 'guestpass';
import { type Exchange, ExchangeError, withDeadline } from 'guestpass/http';
import { readSettings } from 'guestpass/settings';
import { openExchange } from '../open-exchange.ts';
import { variablesIn } from '../settings/load-config.ts';
import { operatorSettings } from '../settings/operator-settings.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { type OutputFlags, paintFor, say } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { complaint } from '../terminal/tell-error.ts';
import { jsonDocument, printable } from '../terminal/text.ts';

export type Page = 'console' | 'guest' | 'docs';

export interface OpenFlags extends OutputFlags {
  /** Channel of the guest page. */
  readonly channel?: string;
  /** Where the listener of the page is. Default as configured. */
  readonly url?: string;
}

const deadlineMs = 3_000;

/** Tells where a page of a running gateway is, and opens it when a person sits here. Resolves with the exit code. */
export async function openPage(page: Page, surroundings: Surroundings, flags: OpenFlags): Promise<number> {
  const { terminal, openBrowser } = surroundings;
  const url = addressOf(page, surroundings, flags);
  await using network = await openExchange(surroundings);
  const failure = await failureOf(url, network.exchange, surroundings);
  if (failure !== undefined) return tellAbsence({ url, failure }, surroundings, flags);
  const isAsked = terminal.outIsTty && !flags.json && !flags.quiet;
  const isOpened = isAsked && openBrowser !== undefined && (await openBrowser(url));
  terminal.out(flags.json ? jsonDocument({ page, url }) : `${printable(url)}\n`);
  if (isAsked && !isOpened) say(terminal, flags, 'No program is here that opens it.\n');
  if (page !== 'guest') say(terminal, flags, 'It asks you to sign in: no token is handed over here.\n');
  return exitCodes.done.code;
}

function addressOf(page: Page, surroundings: Surroundings, { channel, url }: OpenFlags): string {
  const { operatorUrl } = operatorSettings;
  const { host, port } = gatewaySettings;
  const table = { operatorUrl, host, port };
  const { values, faults } = readSettings(table, variablesIn(surroundings), surroundings);
  if (faults.length > 0) throw new GuestpassError('config_invalid', 'The settings are not usable.', { faults });
  if (page !== 'guest') return `${url ?? values.operatorUrl ?? operatorUrl.fallback}/${page}`;
  const address = url ?? `http://${hostIn(values.host ?? host.fallback)}:${values.port ?? port.fallback}`;
  return `${address}/guest${channel === undefined ? '' : `?${new URLSearchParams({ channel })}`}`;
}

/** Who listens on every address is found on this machine. */
function hostIn(address: string): string {
  if (address === '0.0.0.0' || address === '::') return '127.0.0.1';
  return address.includes(':') ? `[${address}]` : address;
}

/** Why a page is not there, in a word; `undefined` when it is. */
async function failureOf(
  url: string,
  exchange: Exchange,
  { clock = systemClock, signal }: Surroundings,
): Promise<string | undefined> {
  const send = withDeadline(exchange, { clock });
  const request = { method: 'GET', url, headers: {}, signal, deadlineAt: clock.monotonic() + deadlineMs };
  try {
    const { status } = await send(request);
    // A page that asks who one is first is there.
    return status < 400 || status === 401 ? undefined : String(status);
  } catch (error) {
    if (error instanceof ExchangeError && !signal.aborted) return error.failure;
    throw error;
  }
}

interface Absence {
  readonly url: string;
  /** In a word. */
  readonly failure: string;
}

function tellAbsence({ url, failure }: Absence, surroundings: Surroundings, flags: OpenFlags): number {
  const { terminal } = surroundings;
  const what = `There is no such page at ${url}.`;
  if (flags.json)
    terminal.out(jsonDocument({ error: { code: failure, message: what, retryable: !failure.startsWith('4') } }));
  const told = {
    verdict: 'Failed',
    what,
    faults: [],
    why: `No gateway is there, or it does not answer (${failure}).`,
    hints: [],
    next: 'Start one with guestpass serve, or say where it is with --url.',
    ids: [failure],
  };
  terminal.err(complaint(told, paintFor('err', surroundings, flags)));
  return exitCodes.gaveUp.code;
}

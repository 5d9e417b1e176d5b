import { systemClock } from 'guestpass';
import { ExchangeError } from 'guestpass/http';
import { openExchange } from '../open-exchange.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { type OutputFlags, paintFor } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { type Complaint, complaint } from '../terminal/tell-error.ts';
import { jsonDocument } from '../terminal/text.ts';
import { GatewayRefusal } from './gateway-refusal.ts';
import { readOperatorAccess } from './operator-access.ts';
import { createOperatorApi, type OperatorApi } from './operator-api.ts';

/** Works with the gateway of the settings, and tells why when it refuses or does not answer. Resolves with the exit code. */
export async function asOperator(
  surroundings: Surroundings,
  flags: OutputFlags,
  work: (api: OperatorApi) => Promise<number>,
): Promise<number> {
  const { clock = systemClock, signal } = surroundings;
  const access = readOperatorAccess(surroundings);
  await using network = await openExchange(surroundings);
  try {
    return await work(createOperatorApi(access, { exchange: network.exchange, clock, signal }));
  } catch (error) {
    if (signal.aborted) return exitCodes.interrupted.code;
    const told = complaintOf(error, access.url);
    if (!told) throw error;
    const { terminal } = surroundings;
    const { code, retryable } = told;
    const { what: message, faults } = told.complaint;
    const errors = faults.length > 0 && { errors: faults };
    if (flags.json) terminal.out(jsonDocument({ error: { code, message, retryable, ...errors } }));
    terminal.err(complaint(told.complaint, paintFor('err', surroundings, flags)));
    return told.exit;
  }
}

interface Told {
  readonly code: string;
  readonly retryable: boolean;
  readonly exit: number;
  readonly complaint: Complaint;
}

function complaintOf(error: unknown, url: string): Told | undefined {
  if (error instanceof GatewayRefusal) return refusal(error);
  if (!(error instanceof ExchangeError)) return undefined;
  const code = error.failure;
  return {
    code,
    retryable: true,
    exit: exitCodes.gaveUp.code,
    complaint: {
      verdict: 'Failed',
      what: `No answer came from the gateway at ${url}.`,
      faults: [],
      why: `The operator listener could not be reached, or did not answer in time (${code}).`,
      hints: [],
      next: 'Start it with guestpass serve, or set GUESTPASS_OPERATOR_URL to where it listens.',
      ids: [code],
    },
  };
}

function refusal({ status, code, retryable, message, faults, requestId }: GatewayRefusal): Told {
  const isLockedOut = status === 401 || status === 403;
  return {
    code,
    retryable,
    exit: isLockedOut ? exitCodes.usage.code : exitCodes.failed.code,
    complaint: {
      verdict: 'Refused',
      what: message,
      faults,
      why: `The gateway answered ${status}.`,
      hints: [],
      next: nextStep(code, isLockedOut),
      ids: [code, ...(requestId === undefined ? [] : [`request ${requestId}`])],
    },
  };
}

function nextStep(code: string, isLockedOut: boolean): string {
  if (code === 'role_insufficient') return 'Use the token of an operator who has that role.';
  return isLockedOut
    ? 'Set GUESTPASS_OPERATOR_TOKEN, or GUESTPASS_OPERATOR_TOKEN_FILE, to the token of an operator of this gateway.'
    : 'See what there is with guestpass deliveries list, or what the gateway logged under this request.';
}

import { type Run, stamp } from './answer.ts';
import { apiErrorFor, apiErrorResponse } from './api-error.ts';
import { operationOf } from './asked.ts';
import type { ParsedFault } from './faults/fault.ts';
import { baseAnswer, scriptAnswer } from './faults/script.ts';
import type { Handshake } from './messaging/line.ts';
import type { Sockets } from './messaging/sockets.ts';

/** A run that takes sockets. */
export interface SocketRun extends Run {
  readonly sockets: Sockets;
}

/** One request for a socket and the way it came. */
export interface Upgrade {
  readonly request: Request;
  readonly handshake: Handshake;
  readonly correlationId: string;
}

/** Answers one request for a socket: written down, spoiled by a fault when one is due, opened or refused. */
export async function answerUpgrade(run: SocketRun, upgrade: Upgrade): Promise<void> {
  const { request, correlationId } = upgrade;
  const operation = operationOf(new URL(request.url).pathname);
  const answered = run.journal.arrived({ request, operation, body: new Uint8Array(), correlationId });
  const status = await end(run, upgrade, run.faults.take(operation)).catch((error: unknown) => {
    answered();
    throw error;
  });
  answered(status);
}

/** Returns the status answered, 101 for a socket that was opened, `undefined` when the connection was broken. */
async function end(run: SocketRun, upgrade: Upgrade, fault: ParsedFault | undefined): Promise<number | undefined> {
  const { request, handshake, correlationId } = upgrade;
  const hold = (spanMs?: number) => run.waits.wait(spanMs, request.signal);
  const broken = (fault?.delayMs !== undefined && (await hold(fault.delayMs)) === 'reset') || fault?.reset === 'before';
  if (fault?.stall) await hold();
  if (broken || fault?.stall) {
    handshake.reset();
    return undefined;
  }
  if (!fault || !answersOverHttp(fault)) return open(run, upgrade, fault?.reset === 'after');
  const spoiled = baseAnswer(fault, { operation: 'socket', correlationId }, undefined);
  return refuse(run, upgrade, { fault, response: spoiled });
}

async function open(run: SocketRun, upgrade: Upgrade, thenReset: boolean): Promise<number | undefined> {
  const { request, handshake, correlationId } = upgrade;
  const refuseAs = (response: Response) => refuse(run, upgrade, { fault: {}, response });
  if (operationOf(new URL(request.url).pathname) !== 'socket') {
    return refuseAs(apiErrorResponse(apiErrorFor(404), correlationId));
  }
  const admission = run.sockets.admit(request);
  if (!admission.ok) return refuseAs(apiErrorResponse(admission.error, correlationId));
  handshake.accept((line) => run.sockets.open(line, admission.deployment, new URL(request.url).origin));
  if (thenReset) handshake.reset();
  return 101;
}

interface Refused {
  readonly fault: Parameters<typeof scriptAnswer>[0];
  readonly response: Response;
}

async function refuse(run: SocketRun, upgrade: Upgrade, { fault, response }: Refused): Promise<number> {
  const answer = await scriptAnswer(fault, stamp(response, upgrade.correlationId, run.clock));
  upgrade.handshake.refuse(answer);
  return answer.status;
}

function answersOverHttp({ status, body, headers, truncate }: ParsedFault): boolean {
  return [status, body, headers, truncate].some((effect) => effect !== undefined);
}

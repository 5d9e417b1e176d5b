import type { Hono } from 'hono';
import { apiErrorFor, apiErrorResponse } from './api-error.ts';
import { type AskedEnv, operationOf } from './asked.ts';
import type { SimulatorClock } from './clock.ts';
import type { FaultScript } from './faults/faults.ts';
import { type Ending, spoil } from './faults/spoil.ts';
import type { Waits } from './faults/waits.ts';
import type { Wire } from './faults/wire.ts';
import type { Journal } from './journal/journal.ts';
import { fileBytesMax, readRequestBody, requestBytesMax } from './request-body.ts';

/** One run of the platform, from reset to reset. */
export interface Run {
  readonly app: Hono<AskedEnv>;
  readonly journal: Journal;
  readonly faults: FaultScript;
  readonly waits: Waits;
  readonly clock: SimulatorClock;
}

/** One request and the way it came. */
export interface Delivery {
  readonly request: Request;
  readonly wire: Wire;
  readonly correlationId: string;
}

/** Answers one request: read, written down, spoiled by a fault when one is due, executed, answered. */
export async function answer(run: Run, { request, wire, correlationId }: Delivery): Promise<Response> {
  request.signal.throwIfAborted();
  const operation = operationOf(new URL(request.url).pathname);
  const body = await readRequestBody(request, operation === 'attachment' ? fileBytesMax : requestBytesMax);
  const answered = run.journal.arrived({ request, operation, body, correlationId });
  const execute = async () =>
    body ? run.app.fetch(request, { body, correlationId }) : apiErrorResponse(apiErrorFor(413), correlationId);
  const complete = (response: Response) => stamp(response, correlationId, run.clock);
  const passage = { operation, correlationId, signal: request.signal, execute, complete };
  const ending = await spoil(run.faults.take(operation), passage, run.waits).catch((error: unknown) => {
    answered();
    throw error;
  });
  answered(statusOf(ending));
  return end(ending, wire);
}

/** Every answer names its id, and its date is the simulator's. */
export function stamp(response: Response, correlationId: string, clock: SimulatorClock): Response {
  response.headers.set('ININ-Correlation-Id', correlationId);
  response.headers.set('Date', new Date(clock.now()).toUTCString());
  return response;
}

function statusOf(ending: Ending): number | undefined {
  if (ending.kind === 'answer') return ending.response.status;
  return ending.kind === 'scripted' ? ending.answer.status : undefined;
}

function end(ending: Ending, wire: Wire): Response | Promise<Response> {
  if (ending.kind === 'answer') return ending.response;
  return ending.kind === 'scripted' ? wire.send(ending.answer) : wire.reset();
}

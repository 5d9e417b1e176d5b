import type { Operation } from '../asked.ts';
import { executes, type ParsedFault } from './fault.ts';
import { baseAnswer, scriptAnswer } from './script.ts';
import type { Waits } from './waits.ts';
import type { ScriptedAnswer } from './wire.ts';

/** How a request ends: as it should, as a fault scripted it, or with a broken connection. */
export type Ending =
  | { readonly kind: 'answer'; readonly response: Response }
  | { readonly kind: 'scripted'; readonly answer: ScriptedAnswer }
  | { readonly kind: 'reset' };

/** One request on its way through the faults. */
export interface Passage {
  readonly operation: Operation;
  readonly correlationId: string;
  readonly signal: AbortSignal;
  /** Does what the request asks for. */
  readonly execute: () => Promise<Response>;
  /** Adds what every answer carries. */
  readonly complete: (response: Response) => Response;
}

/**
 * Lets a request pass, spoiled by the fault when there is one. Rejects with the signal's reason when the caller gives
 * up while the answer is held back.
 */
export async function spoil(fault: ParsedFault | undefined, passage: Passage, waits: Waits): Promise<Ending> {
  const { signal, execute, complete } = passage;
  if (!fault) return { kind: 'answer', response: complete(await execute()) };
  const executed = executes(fault) ? await execute() : undefined;
  if (fault.delayMs !== undefined && (await waits.wait(fault.delayMs, signal)) === 'reset') return { kind: 'reset' };
  if (fault.stall) await waits.wait(undefined, signal);
  if (fault.stall || fault.reset) return { kind: 'reset' };
  return { kind: 'scripted', answer: await scriptAnswer(fault, complete(baseAnswer(fault, passage, executed))) };
}

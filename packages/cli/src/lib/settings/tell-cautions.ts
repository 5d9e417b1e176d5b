import { type OutputFlags, paintFor, say } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { printable } from '../terminal/text.ts';

/** Says what is unwise about settings that are usable all the same. */
export function tellCautions(
  cautions: readonly string[],
  surroundings: Pick<Surroundings, 'terminal' | 'env'>,
  flags: OutputFlags,
): void {
  const paint = paintFor('err', surroundings, flags);
  for (const caution of cautions) say(surroundings.terminal, flags, `${paint.yellow('!')} ${printable(caution)}\n`);
}

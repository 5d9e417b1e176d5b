import type { Surroundings } from '../terminal/surroundings.ts';
import { type ConfigFlags, variablesIn } from './load-config.ts';

/** Tells what a setting was written as: in a variable, or in the file that the variable names. */
export function createTexts(surroundings: Surroundings, flags: ConfigFlags): (origin: string) => string {
  const variables = variablesIn(surroundings, flags);
  return (origin) => {
    const text = variables[origin] ?? '';
    return origin.endsWith('_FILE') ? surroundings.readFile(text).replace(/\r?\n$/, '') : text;
  };
}

import { InvalidArgumentError, Option } from 'commander';
import { unknownField } from '../terminal/fields.ts';
import { readList } from './flag-values.ts';

/** `--fields` of a command whose output has these; `name.*` stands for whatever is in it. Alone it asks for `format`. */
export function fieldsFlag(known: readonly string[], format: 'json' | 'ndjson'): Option {
  return new Option('--fields <names>', `print these fields alone, as JSON, such as ${sample(known)}`)
    .argParser((text): readonly string[] => {
      const paths = readList(text);
      const wrong = unknownField(paths, known);
      if (wrong === undefined) return paths;
      throw new InvalidArgumentError(wrong);
    })
    .implies({ [format]: true });
}

function sample(known: readonly string[]): string {
  return known
    .slice(0, 2)
    .map((name) => name.replace(/\.\*$/, ''))
    .join(',');
}

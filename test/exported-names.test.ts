import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

// Every name that users of the SDK can import says what it is, where an editor shows it.

const source = join(import.meta.dirname, '..', 'packages', 'sdk', 'src');
const faces = readdirSync(source).filter((name) => name.endsWith('.ts'));

/** The names a face re-exports, each with the file it comes from. */
function exportsOf(face: string) {
  const lists = readFileSync(join(source, face), 'utf8').matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)';$/gm);
  return [...lists].flatMap(([, names = '', from = '']) =>
    names
      .split(',')
      .map((name) => name.replace(/\btype\b| as .*/g, '').trim())
      .filter(Boolean)
      .map((name) => ({ name, file: join(source, from) })),
  );
}

/** True when a doc comment stands right before the declaration, here or where the file has the name from. */
function isTold({ name, file }: { readonly name: string; readonly file: string }): boolean {
  const text = readFileSync(file, 'utf8');
  const declared = new RegExp(`^export (?:async )?(?:interface|type|const|function\\*?|class) ${name}\\b`, 'm').exec(
    text,
  );
  if (declared) return text.slice(0, declared.index).trimEnd().endsWith('*/');
  const passedOn = new RegExp(`^export (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\} from '([^']+)';$`, 'm').exec(text);
  return passedOn !== null && isTold({ name, file: join(dirname(file), passedOn[1] ?? '') });
}

test('every name of every entry of the SDK has a doc comment', () => {
  const names = faces.flatMap(exportsOf);
  expect(names.length).toBeGreaterThan(250);
  expect(names.filter((one) => !isTold(one)).map(({ name }) => name)).toEqual([]);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { play } from '../testing/play.ts';
import { manPage } from './man-page.ts';

const cli = join(import.meta.dirname, '..', '..', '..');
const read = (...path: readonly string[]) => readFileSync(join(cli, ...path), 'utf8');

test('the manual page that is installed is what `npm run docs` writes today', async () => {
  const { man, files } = JSON.parse(read('package.json'));
  expect(man).toEqual(['./man/guestpass.1']);
  expect(files).toContain('man');
  expect(read('man', 'guestpass.1')).toBe((await play(['help', '--man'])).out);
});

test('it tells every command and every flag that the help tells', async () => {
  const { out } = await play(['help', '--man']);
  const { commands } = JSON.parse((await play(['--help', '--json'])).out);
  const names = commands.map(({ name }: { readonly name: string }) => name);
  expect(names.filter((name: string) => !out.includes(`\n.SS "guestpass ${name} `))).toEqual([]);
  const { options } = JSON.parse((await play(['load', '--help', '--json'])).out);
  const flags = options.map((option: { readonly flags: string }) => option.flags.replaceAll('-', '\\-'));
  expect(flags.filter((flag: string) => !out.includes(`\\fB${flag}\\fR`))).toEqual([]);
  expect(out).toContain('\\fBGUESTPASS_PROFILE\\fR');
  expect(out).toContain('.TP\n130\ninterrupted\n');
});

test('every request in it is a macro of man(7), and every character is ASCII', async () => {
  const { out } = await play(['help', '--man']);
  const requests = new Set([...out.matchAll(/^[.'](\w*)/gm)].map(([, name]) => name));
  expect([...requests].toSorted()).toEqual(['B', 'PP', 'RE', 'RS', 'SH', 'SS', 'TH', 'TP', 'fi', 'nf']);
  expect(out).toMatch(/^[\n\x20-\x7e]*$/);
});

test('text that looks like a request or an escape is text', () => {
  const document = {
    command: 'guestpass',
    aliases: [],
    description: '.so \\fBfile\\fR "a"\u2026',
    usage: 'guestpass',
    examples: [".x 'y'"],
    arguments: [],
    options: [],
    commands: [],
    exitCodes: [],
  };
  const page = manPage({ version: '1.0.0', documents: [document], environment: [], files: [] });
  expect(page).toContain('\n\\&.so \\efBfile\\efR "a"\\[u2026]\n');
  expect(page).toContain('\n\\&.x \\(aqy\\(aq\n');
});

import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { play } from '../testing/play.ts';

const scripts = new Map<string, Promise<string>>();

const script = (shell: string) => {
  const known = scripts.get(shell) ?? play(['completion', shell]).then(({ out }) => out);
  scripts.set(shell, known);
  return known;
};

/** What bash offers behind these words. */
async function offered(...words: string[]) {
  const line = `${await script('bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _guestpass; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['--norc', '-euc', line, 'bash', 'guestpass', ...words], { encoding: 'utf8' });
  return out.split('\n').filter((word) => word !== '');
}

test('bash offers commands, their commands, their flags, and the values that are known', async () => {
  expect(await offered('do')).toEqual(['doctor']);
  expect(await offered('')).toEqual(expect.arrayContaining(['authenticate', 'batch', 'completion', '--json']));
  expect(await offered('deliveries', '')).toEqual(expect.arrayContaining(['list', 'show', 'replay', 'purge']));
  expect(await offered('deliveries', 'replay', '--f')).toEqual(['--failed']);
  expect(await offered('deliveries', 'list', '--state', '')).toEqual(['pending', 'delivered', 'dead', 'held']);
  expect(await offered('trigger', 'guest.a')).toEqual(['guest.authenticated']);
  expect(await offered('auth', '--cons')).toEqual(['--consent', '--consent-timestamp']);
});

test('every command and flag that help knows is offered', async () => {
  const { out } = await play(['load', '--help']);
  const told = [...out.matchAll(/^ +(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag ?? '');
  expect(told.length).toBeGreaterThan(15);
  expect(await offered('load', '--')).toEqual(expect.arrayContaining(told));
});

test('a quotation mark in a description closes nothing in any shell', async () => {
  const zsh = await script('zsh');
  expect(zsh).toMatch(/^#compdef guestpass\n/);
  expect(zsh).toContain("'doctor:check settings, platform, captcha, records and database'");
  expect(zsh).toContain("such as '\\''p95<800ms");
  const fish = await script('fish');
  expect(fish).toContain("-n '__guestpass_at \" deliveries list\"' -l state -x -a 'pending delivered dead held'");
  expect(fish).toContain("such as \\'p95<800ms");
  // An even number of quotes is left in each line once escaped ones are gone.
  const open = fish.split('\n').filter((line) => (line.replaceAll("\\'", '').match(/'/g)?.length ?? 0) % 2 === 1);
  expect(open).toEqual([]);
});

test('PowerShell is offered each word once, with what it means', async () => {
  const pwsh = await script('pwsh');
  const rows = [...pwsh.matchAll(/^ {4}'([^']*)' = \[ordered\]@\{ (.*) \}$/gm)];
  expect(rows.map(([, way]) => way)).toEqual(expect.arrayContaining(['', ' audit verify', ' deliveries list --state']));
  // Keys are the same in upper and lower case there, and a text of nothing is no tooltip.
  const pairs = rows.map(([, , table = '']) => [...table.matchAll(/'((?:[^']|'')*)' = '((?:[^']|'')*)'(?:; |$)/g)]);
  expect(pairs.map((all) => all.map(([whole]) => whole).join(''))).toEqual(rows.map(([, , table]) => table));
  expect(pairs.filter((all) => new Set(all.map(([, key]) => key?.toLowerCase())).size < all.length)).toEqual([]);
  expect(pairs.flat().filter(([, key, text]) => key === '' || text === '')).toEqual([]);
  expect(pwsh).toContain("' auth' = ' authenticate'");
  expect(pwsh).toContain("such as ''p95<800ms");
});

test('a shell nobody wrote a script for is told those there are', async () => {
  expect(await play(['completion', 'tcsh'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('bash, zsh, fish, pwsh'),
  });
});

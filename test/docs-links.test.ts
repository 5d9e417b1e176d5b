import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

// What the pages point at is there: files, folders and headings of this repository.

const root = join(import.meta.dirname, '..');
const pages = [...globSync('{*,docs/**/*,packages/*/*,deploy/**/*,examples/*}.md', { cwd: root }), 'llms.txt'];

/** Without the blocks of code, where brackets mean something else. */
const textOf = (page: string) => readFileSync(join(root, page), 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '');

const linksOf = (page: string) =>
  [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/i.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#');
      return { page, target, path: path === '' ? page : relative(root, join(root, dirname(page), path)), anchor };
    });

/** Names of headings as GitHub makes them. */
const anchorsOf = (page: string) =>
  [...textOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

const links = pages.flatMap(linksOf);

test('every link leads to a file or folder of the repository', () => {
  expect(links.length).toBeGreaterThan(50);
  expect(links.filter(({ path }) => !existsSync(join(root, path)))).toEqual([]);
});

test('every link to a heading finds it', () => {
  const toHeadings = links.filter(({ anchor, path }) => anchor !== '' && path.endsWith('.md'));
  expect(toHeadings.length).toBeGreaterThan(10);
  expect(toHeadings.filter(({ path, anchor }) => !anchorsOf(path).includes(anchor))).toEqual([]);
});

test('every page of the docs is reached from the README, in two steps at most', () => {
  const from = (page: string) => linksOf(page).map(({ path }) => path);
  const first = from('README.md');
  const reached = new Set([...first, ...first.filter((path) => path.endsWith('.md')).flatMap(from)]);
  const unreached = pages.filter((page) => page.startsWith('docs/') && !reached.has(page));
  // The decisions are listed by their folder.
  expect(unreached.filter((page) => !page.startsWith('docs/decisions/'))).toEqual([]);
});

test('the index for language models has its form, and leads to every page and example', () => {
  const index = readFileSync(join(root, 'llms.txt'), 'utf8');
  // https://llmstxt.org: a title, a summary, then sections that are lists of links with notes.
  expect(index).toMatch(/^# .+\n\n> .+\n\n/);
  const [, ...sections] = index.split(/^## .+\n\n/m);
  const lines = sections.flatMap((section) => section.trim().split('\n'));
  expect(lines.filter((line) => !/^- \[[^\]]+\]\([^)]+\): .+$/.test(line))).toEqual([]);
  const listed = linksOf('llms.txt').map(({ path }) => path);
  const wanted = globSync(['docs/*.md', 'packages/*/README.md', 'examples/*.ts'], { cwd: root });
  expect(wanted.filter((path) => !listed.includes(path))).toEqual([]);
});

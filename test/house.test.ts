import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

// Each case is a file that breaks one rule of the house. All are written beside a copy of biome.json and linted in one
// run, so a rule that stops firing fails here by name.

interface Violation {
  readonly rule: string;
  /** Part of what lint says to whoever broke the rule. */
  readonly says: string;
  readonly path: string;
  readonly source: string;
}

const root = join(import.meta.dirname, '..');
const sdk = 'packages/sdk/src/lib';
const gateway = 'packages/gateway/src/lib';
const cli = 'packages/cli/src/lib';
const sixtyOneLines = Array.from({ length: 61 }, (_, index) => `  list.push(${index});`).join('\n');
const threeHundredLines = Array.from({ length: 301 }, (_, index) => `export const value${index} = ${index};`).join(
  '\n',
);

const importing = (from: string) => `import { thing } from '${from}';\nexport const other = thing;\n`;
const typing = (from: string) => `import type { Thing } from '${from}';\nexport type Other = Thing;\n`;

const floor = { rule: 'lint/style/noRestrictedImports', says: 'imports go down only' };
const backRoom = { rule: 'lint/style/noRestrictedImports', says: 'The back room never leaves src/lib' };
const door = { rule: 'lint/style/noRestrictedGlobals' };
const plugin = { rule: 'plugin' };

const violations: Record<string, Violation> = {
  'a message on floor 1 imports http': {
    ...floor,
    path: `${sdk}/contract/v1.ts`,
    source: importing('../http/retry.ts'),
  },
  'errors import a message': {
    rule: floor.rule,
    says: 'Floor 1 stands on',
    path: `${sdk}/errors.ts`,
    source: importing('./contract/guest-pass.ts'),
  },
  'settings of the gateway import its store': {
    ...floor,
    path: `${gateway}/settings/v1.ts`,
    source: importing('../store/chain.ts'),
  },
  'jobs of the gateway import their sibling routes': {
    ...floor,
    path: `${gateway}/jobs/v1.ts`,
    source: importing('../routes/answer-page.ts'),
  },
  'admission imports a type of those who watch it': {
    ...floor,
    path: `${gateway}/admission/v1.ts`,
    source: typing('../watch/log.ts'),
  },
  'a route reaches for the log': {
    rule: floor.rule,
    says: 'routes/ stands on everything below them',
    path: `${gateway}/routes/v1.ts`,
    source: importing('../watch/log.ts'),
  },
  'the terminal imports a command': { ...floor, path: `${cli}/terminal/v1.ts`, source: importing('../guest/hints.ts') },
  'a batch imports its sibling chat': { ...floor, path: `${cli}/batch/v1.ts`, source: typing('../chat/chat.ts') },
  'http imports oauth': { ...floor, path: `${sdk}/http/v1.ts`, source: importing('../oauth/token-provider.ts') },
  'captcha imports its sibling oauth': {
    ...floor,
    path: `${sdk}/captcha/v1.ts`,
    source: importing('../oauth/token-provider.ts'),
  },
  'sign-in imports its sibling oauth': {
    ...floor,
    path: `${sdk}/sign-in/v1.ts`,
    source: importing('../oauth/token-provider.ts'),
  },
  'http imports a type from the guest floor': {
    ...floor,
    path: `${sdk}/http/v2.ts`,
    source: typing('../guest/attempt.ts'),
  },
  'http re-exports from a floor above': {
    ...floor,
    path: `${sdk}/http/v3.ts`,
    source: "export { thing } from '../policy/consent.ts';\n",
  },
  'http imports a floor above lazily': {
    ...floor,
    path: `${sdk}/http/v4.ts`,
    source: "export const load = () => import('../guest/attempt.ts');\n",
  },
  'oauth imports the platform': { ...floor, path: `${sdk}/oauth/v1.ts`, source: importing('../platform.ts') },
  'the platform imports a policy': {
    rule: floor.rule,
    says: 'Floor 4 stands on',
    path: `${sdk}/platform.ts`,
    source: importing('./policy/consent.ts'),
  },
  'a policy knows its sibling, the issuer': {
    ...floor,
    path: `${sdk}/policy/v1.ts`,
    source: importing('../issuer/rest.ts'),
  },
  'an issuer knows its sibling, the session': {
    ...floor,
    path: `${sdk}/issuer/v1.ts`,
    source: importing('../session/session.ts'),
  },
  'a session imports the guest floor': {
    ...floor,
    path: `${sdk}/session/v1.ts`,
    source: importing('../guest/attempt.ts'),
  },
  'the guest floor imports the audit': { ...floor, path: `${sdk}/guest/v1.ts`, source: importing('../audit/event.ts') },
  'the audit knows its sibling, the webhook': {
    ...floor,
    path: `${sdk}/audit/v1.ts`,
    source: importing('../webhook/sign.ts'),
  },
  'a webhook imports the composition': { ...floor, path: `${sdk}/webhook/v1.ts`, source: importing('../guestpass.ts') },
  'a folder without a floor imports another folder': {
    rule: floor.rule,
    says: 'This folder has no floor yet',
    path: `${sdk}/novelty/v1.ts`,
    source: importing('../http/retry.ts'),
  },
  'the composition uses a test clock': {
    rule: floor.rule,
    says: 'every floor but testing/',
    path: `${sdk}/guestpass.ts`,
    source: importing('./testing/manual-clock.ts'),
  },
  'the back room imports a face of the SDK': {
    ...floor,
    path: `${sdk}/http/v5.ts`,
    source: importing('../../http.ts'),
  },
  'the back room imports a face': {
    ...backRoom,
    path: 'packages/simulator/src/lib/v1.ts',
    source: importing('../index.ts'),
  },
  'a deeper back room imports a face': {
    ...backRoom,
    path: 'packages/cli/src/lib/deep/v1.ts',
    source: importing('../../index.ts'),
  },
  'a face does something itself': {
    ...plugin,
    says: 'A face re-exports by name',
    path: 'packages/sdk/src/v1.ts',
    source: 'export const thing = 1;\n',
  },
  'a face re-exports everything': {
    ...plugin,
    says: 'A face re-exports by name',
    path: 'packages/sdk/src/v2.ts',
    source: "export * from './lib/errors.ts';\n",
  },
  'a face re-exports another package': {
    ...plugin,
    says: 'A face re-exports by name',
    path: 'packages/sdk/src/v3.ts',
    source: "export { z } from 'zod';\n",
  },
  'a package reaches into another by path': {
    ...plugin,
    says: 'imported by its name',
    path: 'packages/cli/src/lib/deep/v2.ts',
    source: importing('../../../../sdk/src/lib/errors.ts'),
  },
  'a test across packages reaches into a back room': {
    ...plugin,
    says: 'imported by its name',
    path: 'test/v1.test.ts',
    source: importing('../packages/sdk/src/lib/errors.ts'),
  },
  'the SDK imports the simulator': {
    ...plugin,
    says: 'The SDK depends on nothing of ours',
    path: `${sdk}/http/v6.ts`,
    source: importing('@guestpass/simulator'),
  },
  'the simulator imports the SDK': {
    ...plugin,
    says: 'The simulator shares no logic',
    path: 'packages/simulator/src/lib/v2.ts',
    source: importing('guestpass/http'),
  },
  'a type is imported out of sight': {
    ...plugin,
    says: 'Import the type at the top',
    path: `${sdk}/http/v7.ts`,
    source: "export type Other = import('../guest/attempt.ts').Attempt;\n",
  },
  'three files import each other in a circle': {
    rule: 'lint/suspicious/noImportCycles',
    says: 'part of a cycle',
    path: `${sdk}/http/circle-a.ts`,
    source: "import type { B } from './circle-b.ts';\nexport type A = B | 1;\n",
  },
  'code waits by itself': {
    ...door,
    says: 'variable setTimeout',
    path: `${sdk}/http/v8.ts`,
    source: 'setTimeout(() => undefined, 5);\n',
  },
  'code repeats by itself': {
    ...door,
    says: 'variable setInterval',
    path: `${sdk}/http/v9.ts`,
    source: 'setInterval(() => undefined, 5);\n',
  },
  'code yields by itself': {
    ...door,
    says: 'variable setImmediate',
    path: `${sdk}/http/v10.ts`,
    source: 'setImmediate(() => undefined);\n',
  },
  'code measures by itself': {
    ...door,
    says: 'variable performance',
    path: `${sdk}/http/v11.ts`,
    source: 'export const at = performance.now();\n',
  },
  'code asks for the date': {
    ...plugin,
    says: 'Time comes from Clock',
    path: `${sdk}/http/v12.ts`,
    source: 'export const at = Date.now();\n',
  },
  'code makes a date of now': {
    ...plugin,
    says: 'Time comes from Clock',
    path: `${sdk}/http/v13.ts`,
    source: 'export const at = new Date();\n',
  },
  'code takes a signal with a time of its own': {
    ...plugin,
    says: 'Time comes from Clock',
    path: `${sdk}/http/v14.ts`,
    source: 'export const signal = AbortSignal.timeout(5);\n',
  },
  'code imports a stopwatch': {
    ...plugin,
    says: 'Time comes from Clock',
    path: `${sdk}/http/v15.ts`,
    source: "import { performance } from 'node:perf_hooks';\nexport const at = performance.now();\n",
  },
  'code imports timers': {
    ...plugin,
    says: 'Time comes from Clock',
    path: `${sdk}/http/v16.ts`,
    source: "import { setTimeout as wait } from 'node:timers/promises';\nexport const waited = wait(5);\n",
  },
  'a test sleeps': {
    ...door,
    says: 'variable setTimeout',
    path: `${sdk}/http/v17.test.ts`,
    source: 'setTimeout(() => undefined, 5);\n',
  },
  'code fetches by itself': {
    ...door,
    says: 'variable fetch',
    path: `${sdk}/issuer/v2.ts`,
    source: "export const answer = fetch('http://localhost');\n",
  },
  'code opens a pool by itself': {
    ...plugin,
    says: 'The network is reached through an Exchange',
    path: `${sdk}/issuer/v3.ts`,
    source: importing('undici'),
  },
  'code reads the environment': {
    ...door,
    says: 'variable process',
    path: `${sdk}/http/v18.ts`,
    source: 'export const home = process.env.HOME;\n',
  },
  'code imports the process': {
    ...plugin,
    says: 'Environment and console have one door',
    path: 'packages/cli/src/lib/v1.ts',
    source: "import { env } from 'node:process';\nexport const home = env.HOME;\n",
  },
  'code talks to the console': {
    ...door,
    says: 'variable console',
    path: 'packages/cli/src/lib/v2.ts',
    source: "console.log('hello');\n",
  },
  'code goes around the doors': {
    ...door,
    says: 'variable globalThis',
    path: `${sdk}/http/v19.ts`,
    source: 'export const now = globalThis.performance.now();\n',
  },
  'a function is too long': {
    rule: 'lint/complexity/noExcessiveLinesPerFunction',
    says: '60',
    path: `${sdk}/http/v20.ts`,
    source: `export function long(list: number[]): void {\n${sixtyOneLines}\n}\n`,
  },
  'a file is too long': {
    rule: 'lint/style/noExcessiveLinesPerFile',
    says: '300',
    path: `${sdk}/http/v21.ts`,
    source: `${threeHundredLines}\n`,
  },
  'a function takes four parameters': {
    rule: 'lint/complexity/useMaxParams',
    says: '3',
    path: `${sdk}/http/v22.ts`,
    source: 'export const sum = (a: number, b: number, c: number, d: number) => a + b + c + d;\n',
  },
  'a module has a default export': {
    rule: 'lint/style/noDefaultExport',
    says: 'default export',
    path: `${sdk}/http/v23.ts`,
    source: 'export default 1;\n',
  },
  'a type is imported as a value': {
    rule: 'lint/style/useImportType',
    says: 'type',
    path: `${sdk}/http/v24.ts`,
    source: "import { Thing } from './exchange.ts';\nexport type Other = Thing;\n",
  },
  'anything goes': {
    rule: 'lint/suspicious/noExplicitAny',
    says: 'any',
    path: `${sdk}/http/v25.ts`,
    source: 'export const thing = (value: any) => value;\n',
  },
  'a file is not in kebab-case': {
    rule: 'lint/style/useFilenamingConvention',
    says: 'kebab-case',
    path: `${sdk}/http/camelCase.ts`,
    source: 'export const thing = 1;\n',
  },
  'a promise is let go': {
    rule: 'lint/nursery/noFloatingPromises',
    says: 'Promise',
    path: `${sdk}/http/v26.ts`,
    source: 'const work = async () => 1;\nexport const start = () => {\n  work();\n};\n',
  },
  'a test is skipped': {
    rule: 'lint/suspicious/noSkippedTests',
    says: 'test',
    path: `${sdk}/http/v27.test.ts`,
    source: "import { test } from 'vitest';\ntest.skip('later', () => undefined);\n",
  },
  'a test is alone': {
    rule: 'lint/suspicious/noFocusedTests',
    says: 'test',
    path: `${sdk}/http/v28.test.ts`,
    source: "import { test } from 'vitest';\ntest.only('alone', () => undefined);\n",
  },
};

/** Files that use what their place allows; lint has nothing to say about them. */
const allowed: Record<string, string> = {
  [`${sdk}/clock.ts`]: 'export const now = () => Date.now() + performance.now();\n',
  [`${sdk}/http/fetch.ts`]: 'export const fetched = (url: string) => fetch(url);\n',
  [`${sdk}/http/undici.ts`]: importing('undici'),
  [`${sdk}/http/circle-b.ts`]: "import type { C } from './circle-c.ts';\nexport type B = C | 2;\n",
  [`${sdk}/http/circle-c.ts`]: "import type { A } from './circle-a.ts';\nexport type C = A | 3;\n",
  [`${sdk}/guest/fine.ts`]: importing('../policy/consent.ts'),
  [`${sdk}/guest/fine.test.ts`]: importing('../testing/manual-clock.ts'),
  [`${sdk}/guest/dates.ts`]: 'export const at = (ms: number) => new Date(ms);\n',
  'packages/sdk/src/index.ts':
    "export type { Fault } from './lib/errors.ts';\nexport { errorTable } from './lib/errors.ts';\n",
  'packages/simulator/src/lib/fine.ts': importing('guestpass/contract'),
  'packages/cli/src/lib/process.ts': 'export const write = (line: string) => console.log(line, process.pid);\n',
  'packages/console/src/lib/clock.ts': 'export const now = () => Date.now() + performance.now();\n',
  'packages/console/src/lib/network.ts': 'export const fetched = (url: string) => fetch(url);\n',
  'packages/cli/src/lib/deep/fine.ts': importing('../process.ts'),
};

interface Diagnostic {
  readonly category: string;
  readonly message: string;
  readonly advices: unknown;
  readonly location: { readonly path: string };
}

let house = '';
let diagnostics: readonly Diagnostic[] = [];

function write(path: string, source: string): void {
  mkdirSync(dirname(join(house, path)), { recursive: true });
  writeFileSync(join(house, path), source);
}

const saidOf = (path: string) => diagnostics.filter(({ location }) => location.path === path);

beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), 'guestpass-house-'));
  cpSync(join(root, 'biome.json'), join(house, 'biome.json'));
  cpSync(join(root, 'scripts/lint'), join(house, 'scripts/lint'), { recursive: true });
  for (const { path, source } of Object.values(violations)) write(path, source);
  for (const [path, source] of Object.entries(allowed)) write(path, source);
  const biome = join(root, 'node_modules/.bin/biome');
  const flags = ['--reporter=json', '--max-diagnostics=none', 'packages', 'test'];
  const { stdout } = spawnSync(biome, ['lint', ...flags], { cwd: house, encoding: 'utf8' });
  ({ diagnostics } = JSON.parse(stdout) as { diagnostics: Diagnostic[] });
});

afterAll(() => rmSync(house, { recursive: true, force: true }));

test.each(Object.keys(violations))('lint refuses when %s', (name) => {
  const { path, rule, says } = violations[name] as Violation;
  const refusals = saidOf(path).filter(({ category }) => category === rule);
  expect(JSON.stringify(refusals)).toContain(says);
});

test('lint lets the doors open what is theirs, and floors stand on those below', () => {
  const paths = Object.keys(allowed).filter((path) => !path.includes('circle'));
  expect(paths.flatMap(saidOf)).toEqual([]);
});

test('no file or folder is a drawer: each is named after the one thing it knows', () => {
  const drawer = /^(utils?|helpers?|common|shared|types|constants|misc|manager)(\.|$)/;
  const sources = readdirSync(join(root, 'packages'))
    .map((name) => join(root, 'packages', name, 'src'))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }));
  expect(sources.length).toBeGreaterThan(0);
  expect(sources.filter((path) => path.split(/[\\/]/).some((part) => drawer.test(part)))).toEqual([]);
});

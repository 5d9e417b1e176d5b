import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createSimulator, type Simulator } from '@guestpass/simulator';
import { verifyAuditLog } from 'guestpass/audit';
import { describe, expect, test } from 'vitest';

// The README and the guides do what they say: their blocks are taken out as they stand and run.

const root = join(import.meta.dirname, '..');
const bin = join(root, 'packages', 'cli', 'bin', 'guestpass.js');
const pages = [
  'README.md',
  'packages/sdk/README.md',
  'packages/cli/README.md',
  'packages/simulator/README.md',
  'docs/getting-started.md',
  'docs/sdk.md',
  'docs/configuration.md',
  'docs/verified-and-simulated.md',
];

/** Each command of a block is a process of its own. */
const timeout = 60_000;

const read = (page: string) => readFileSync(join(root, page), 'utf8');

const blocks = (page: string, language: string) =>
  [...read(page).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, code]) => code ?? '');

/** Where a snippet can resolve the packages, and leave its files. */
const workshop = () => {
  mkdirSync(join(root, '.guestpass'), { recursive: true });
  const path = mkdtempSync(join(root, '.guestpass', 'snippets-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
};

const ended = async (child: ChildProcess) => {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error('The child has no pipes.');
  const [out, err, [code]] = await Promise.all([text(stdout), text(stderr), once(child, 'exit')]);
  return { out, err, code };
};

const near = (url: string) => ({ GUESTPASS_TARGET: 'simulator', GUESTPASS_ENVIRONMENT: url });

const runTypeScript = (code: string, cwd: string, env: Readonly<Record<string, string>>) => {
  const file = join(cwd, 'snippet.ts');
  writeFileSync(file, code);
  return ended(spawn(process.execPath, ['--conditions=guestpass-source', file], { cwd, env }));
};

/** Runs a block as a shell would in the clone; `npx` finds the command of the clone there. */
const runShell = (code: string, cwd: string, env: Readonly<Record<string, string>>) => {
  const npx = `npx() { shift; "${process.execPath}" "${bin}" "$@"; }\n`;
  const path = process.env.PATH ?? '';
  const args = ['--norc', '-euo', 'pipefail', '-c', npx + code];
  return ended(spawn('bash', args, { cwd, env: { PATH: path, ...env }, stdio: ['ignore', 'pipe', 'pipe'] }));
};

const listening = async () => {
  const simulator: Simulator = createSimulator();
  const { url } = await simulator.listen();
  return { simulator, url, [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose]() };
};

describe('README', () => {
  test('its two commands are scripts of the package', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const [commands = ''] = blocks('README.md', 'sh');
    expect(commands.trim().split('\n')).toEqual(['npm start', 'npm test']);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['start', 'test']));
  });

  test('its transcript is what `npm start -- --once` prints', async () => {
    const varying = (line: string) =>
      line
        .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
        .replace(/[0-9a-f]{12,}…/g, 'HASH…')
        .replace(/token …\S+,/, 'token …,')
        .replace(/#token=\S+/, '#token=TOKEN')
        .replace(/(127\.0\.0\.1:|port )\d+/g, '$1PORT')
        .replace(/ in \S+\.guestpass/, ' in DIRECTORY/.guestpass')
        .replace(/dur=[\d.]+/g, 'dur=MS');
    const lines = (output: string) =>
      output
        .split('\n')
        .filter((line) => !line.includes('is busy'))
        .map(varying);
    const directory = mkdtempSync(join(tmpdir(), 'guestpass-start-'));
    // What comes before the last command builds the pages.
    const [program, ...args] = JSON.parse(read('package.json')).scripts.start.split(' && ').at(-1).split(' ');
    expect(program).toBe('node');
    const script = args.map((arg: string) => (arg.startsWith('-') ? arg : join(root, arg)));
    const { out, err, code } = await ended(spawn(process.execPath, [...script, '--once'], { cwd: directory, env: {} }));
    rmSync(directory, { recursive: true });
    expect({ err, code }).toEqual({ err: '', code: 0 });
    expect(lines(out)).toEqual(lines(blocks('README.md', 'text')[0] ?? ''));
  });

  test('its SDK quick start has 15 lines and lets a guest in', async () => {
    await using platform = await listening();
    using directory = workshop();
    const [code = ''] = blocks('README.md', 'ts');
    expect(code.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(15);
    const ran = await runTypeScript(code, directory.path, near(platform.url));
    expect(ran).toEqual({ code: 0, err: '', out: expect.stringMatching(/^Guest [0-9a-f-]{36} is in\.\n$/) });
    expect(platform.simulator.stats()).toMatchObject({ tokenRequests: 1, guestsCreated: 1 });
  });

  test('its command line quick start runs a platform, lets a guest in and verifies the record', async () => {
    using directory = workshop();
    const [, simulate = '', guest = ''] = blocks('README.md', 'sh');
    expect(simulate.trim()).toBe('npx guestpass simulate');
    const platform = spawn(process.execPath, [bin, 'simulate'], { cwd: directory.path, env: {} });
    const said = once(platform.stdout, 'data');
    const ending = once(platform, 'exit');
    try {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(String((await said)[0]))?.[0] ?? 'nowhere';
      const ran = await runShell(guest, directory.path, { GUESTPASS_ENVIRONMENT: url });
      expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: '' });
      expect(ran.out).toMatch(/\nAuthentication complete\. Guest ID: [0-9a-f-]{36}\nCurrent success rate: 100%\n/);
      expect(ran.out).toContain('✓ The audit log is whole: 2 records.');
      const trail = readFileSync(join(directory.path, 'audit.jsonl'), 'utf8').trimEnd().split('\n');
      expect(await verifyAuditLog(trail)).toMatchObject({ ok: true, records: 2 });
    } finally {
      platform.kill('SIGTERM');
      await ending;
    }
    expect(platform.exitCode).toBe(0);
  });

  test('it says plainly what is in no published API, and whose product it is not', () => {
    const words = read('README.md').replaceAll(/\s+/g, ' ');
    expect(words).toContain('is in no published version of the Genesys Cloud API');
    expect(words).toContain('not affiliated with Genesys');
  });
});

describe('guides', () => {
  const snippets = pages.flatMap((page) =>
    blocks(page, 'ts').map((code, index) => ({ name: `${page} #${index + 1}`, code })),
  );

  test('their programs have the right types', async () => {
    using directory = workshop();
    for (const [index, { code }] of snippets.entries())
      writeFileSync(join(directory.path, `snippet-${index}.ts`), code);
    writeFileSync(
      join(directory.path, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', compilerOptions: { noUnusedLocals: false }, include: ['*.ts'] }),
    );
    const tsc = join(root, 'node_modules', '.bin', 'tsc');
    const { out, code } = await ended(spawn(tsc, ['-p', directory.path], { cwd: root }));
    expect({ code, out }).toEqual({ code: 0, out: '' });
  });

  test.for(snippets.filter(({ name }) => !name.startsWith('README')))('the program $name runs', async ({ code }) => {
    await using platform = await listening();
    using directory = workshop();
    const ran = await runTypeScript(code, directory.path, near(platform.url));
    expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: '' });
  });

  const commandsOf = async (page: string) => {
    await using platform = await listening();
    using directory = workshop();
    const [first, ...rest] = blocks(page, 'sh');
    expect(first?.trim()).toBe('npx guestpass simulate');
    const ran = await runShell(rest.join('\n'), directory.path, near(platform.url));
    return { ...ran, created: platform.simulator.stats().guestsCreated };
  };

  test('getting started lets guests in, is refused as it announces, and waits out a 429', { timeout }, async () => {
    const { code, out, err, created } = await commandsOf('docs/getting-started.md');
    expect(code, err).toBe(0);
    expect(created).toBe(4);
    expect(out.match(/^exit code \d+$/gm)).toEqual(['exit code 3', 'exit code 4', 'exit code 1']);
    const codes = ['consent_required', 'forbidden', 'request_rejected'];
    expect(err.match(/consent_required|forbidden|request_rejected/g)).toEqual(codes);
    expect(out).toContain('(answers: 429, 429, 201)');
    expect(out).toContain('✓ The audit log is whole: 2 records.');
  });

  test('the commands of the command line page run', { timeout }, async () => {
    const { code, out, err, created } = await commandsOf('packages/cli/README.md');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(created).toBe(4);
    expect(out).toContain('Nothing was sent.');
    expect(out).toContain('"outcome": "admitted"');
  });

  test('the exit codes of the page are those of the command', async () => {
    const { out } = await runShell('npx guestpass help exit-codes', root, {});
    const told = [...out.matchAll(/^ +(\d+) +(.+)$/gm)].map(([, code, meaning]) => `| ${code} | ${meaning} |`);
    expect(told.length).toBeGreaterThan(5);
    expect(read('packages/cli/README.md')).toContain(told.join('\n'));
  });
});

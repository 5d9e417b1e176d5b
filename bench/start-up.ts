import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { machine, median } from './report.ts';

/**
 * Runs programs that let one guest in and end, turn by turn: what somebody waits for who types a command. The command
 * line runs from its TypeScript sources, with what was compiled once kept, as it does in a clone.
 */
const { values: flags } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const rounds = flags.quick ? 9 : 25;

interface Run {
  readonly wallMs: number;
  readonly cpuMs: number;
}

const here = (file: string) => join(import.meta.dirname, file);
const platform = start('platform.ts');
const [{ url }] = (await once(platform, 'message')) as [{ url: string }];
const guestpass = join(import.meta.dirname, '..', 'packages', 'cli', 'bin', 'guestpass.js');

const programs = [
  { label: 'node, an empty program', args: [here('start-up/nothing.ts')] },
  { label: 'raw undici, one guest', args: [here('start-up/undici.ts'), url] },
  { label: 'purecloud-platform-client-v2, login and one guest', args: [here('start-up/official-sdk.ts'), url] },
  { label: '`guestpass --version`', args: [guestpass, '--version'] },
  { label: '`guestpass authenticate`', args: [guestpass, 'authenticate', '--channel', 'demo', '--consent'] },
] as const;
const yardstick = programs[2];

const runs = new Map<string, Run[]>(programs.map(({ label }) => [label, []]));
for (let round = -2; round < rounds; round += 1) {
  for (const { label, args } of programs) {
    const one = await run(args);
    if (round >= 0) runs.get(label)?.push(one);
  }
}
platform.disconnect();
await once(platform, 'exit');
report();

function start(file: string): ChildProcess {
  return fork(here(file), [], { execArgv: ['--conditions=guestpass-source'] });
}

async function run(args: readonly string[]): Promise<Run> {
  const began = performance.now();
  const child = spawn(process.execPath, ['--import', here('start-up/tell-cpu.mjs'), ...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    env: {
      ...process.env,
      GUESTPASS_TARGET: 'simulator',
      GUESTPASS_ENVIRONMENT: url,
      GUESTPASS_CLIENT_ID: 'sim-client',
      GUESTPASS_CLIENT_SECRET: 'sim-secret',
    },
  });
  // A cast, because the fourth of `stdio` is a pipe to read from.
  const [cpu, [code]] = await Promise.all([text(child.stdio[3] as Readable), once(child, 'exit')]);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}.`);
  return { wallMs: performance.now() - began, cpuMs: Number(cpu) / 1000 };
}

function report(): void {
  console.log(`\n${machine()}, ${rounds} rounds\n`);
  console.log('| program | from start to end, ms | CPU ms | × the official SDK |');
  console.log('|---|---|---|---|');
  const theirs = runs.get(yardstick.label) ?? [];
  for (const { label } of programs) {
    const rows = runs.get(label) ?? [];
    const ratios = rows.map(({ wallMs }, index) => wallMs / (theirs[index]?.wallMs ?? Number.NaN));
    const cells = [
      median(rows.map(({ wallMs }) => wallMs)).toFixed(0),
      median(rows.map(({ cpuMs }) => cpuMs)).toFixed(0),
      median(ratios).toFixed(2),
    ];
    console.log(`| ${label} | ${cells.join(' | ')} |`);
  }
}

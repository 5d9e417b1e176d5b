// Installs what package-lock.json asks for, once, and with --chromium the browser that the tests use. Plain JavaScript:
// it runs before the pinned Node is there.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provideChromium, readMachine } from './chromium.js';
import { takeTurn } from './turn.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.guestpass-setup');
const turn = join(root, '.guestpass', 'set-up');
const pinnedNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
// What npm's scripts find first on their path.
const nodeOnPath = join(root, 'node_modules', '.bin', 'node');
const oldestNode = 20;

function fail(what, next) {
  process.stderr.write(`Set-up failed: ${what}\nNext: ${next}\n`);
  process.exit(1);
}

/** The same on every run until the lockfile or the machine changes. */
function wanted() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}\n`;
}

function isSetUp(expected) {
  return (
    existsSync(pinnedNode) && existsSync(nodeOnPath) && existsSync(stamp) && readFileSync(stamp, 'utf8') === expected
  );
}

/** True when somebody already ran npm here: its own record of node_modules says the same as the lockfile. */
function isInstalled() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const asked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const found = JSON.parse(readFileSync(record, 'utf8')).packages;
  const differs = (path) => asked[path].version !== found[path]?.version;
  const missing = Object.keys(asked).filter((path) => path !== '' && !(asked[path].optional && !found[path]));
  return missing.every((path) => !differs(path)) && Object.keys(found).every((path) => path in asked);
}

/** Runs a command with its output on stderr and without npm's own variables, which would steer a nested npm. */
function run(command, args, cwd) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(?!config_)/i.test(name)));
  delete env.npm_config_local_prefix;
  return spawnSync(command, args, { cwd, env, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
}

function installPackages() {
  process.stderr.write('Setting up: installing the packages of package-lock.json ...\n');
  // Without --include=dev, NODE_ENV=production would leave the tools out; a progress bar would ask for a terminal.
  const flags = ['--include=dev', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  const done = run('npm', ['ci', ...flags], root);
  if (done.error?.code === 'ENOENT')
    fail('npm was not found.', 'install npm, which comes with Node.js, and try again.');
  if (done.status !== 0) {
    fail(
      `npm ci ended with ${done.signal ?? `code ${done.status}`}.`,
      'read the lines above, check the network and the registry (npm ping), then run npm ci here to see all of it.',
    );
  }
}

function pinnedNodeWorks() {
  const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.node;
  const answer = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' });
  return existsSync(nodeOnPath) && answer.status === 0 && answer.stdout.trim() === `v${version}`;
}

/** npm leaves the binary out when install scripts are switched off; then the package's own step is run here. */
function installPinnedNode() {
  if (pinnedNodeWorks()) return;
  process.stderr.write('Setting up: installing the pinned Node.js ...\n');
  run(process.execPath, ['installArchSpecificPackage.js'], join(root, 'node_modules', 'node'));
  // npm links only commands that exist, so it links this one now.
  run('npm', ['rebuild', 'node', '--ignore-scripts', '--loglevel=error'], root);
  if (!pinnedNodeWorks()) {
    fail(
      `the pinned Node.js does not run on ${process.platform}-${process.arch}.`,
      'run "npm rebuild node --foreground-scripts" to see why; the npm package "node" needs a binary for this machine.',
    );
  }
}

if (Number.parseInt(process.versions.node, 10) < oldestNode) {
  fail(`this is Node.js ${process.versions.node}.`, `install Node.js ${oldestNode} or later from https://nodejs.org.`);
}

function setUp(expected) {
  // npm ci begins by removing what another one has installed so far.
  const end = takeTurn(turn, (pid) => {
    process.stderr.write(`Setting up: waiting for process ${pid}, which does (if it does not, remove ${turn}) ...\n`);
  });
  if (!isSetUp(expected)) {
    if (!isInstalled()) installPackages();
    installPinnedNode();
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, expected);
  }
  end();
}

const expected = wanted();
if (!isSetUp(expected)) setUp(expected);
if (process.argv.includes('--chromium')) {
  const missing = provideChromium(process.env, readMachine(), (command, args, env) =>
    spawnSync(command, args, { env, stdio: ['ignore', 2, 2] }),
  );
  if (missing) fail(missing.what, missing.next);
}

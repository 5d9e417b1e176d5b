// Builds the pages of the console into packages/console/dist, unless what they are made of is what they were made of.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { takeTurn } from './turn.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'packages', 'console');
const dist = join(folder, 'dist');
const stamp = join(dist, '.stamp');
const turn = join(root, '.guestpass', 'console-build');
/** Each page is built by itself, so that what operators see is on no public listener. */
const pages = ['console', 'guest'];

/** Names and contents of everything that goes into the pages. */
function sources() {
  const patterns = ['packages/console/{*.html,package.json}', 'packages/console/src/**', 'packages/sdk/src/**'];
  const files = globSync([...patterns, 'package-lock.json', 'scripts/build-console.mjs'], {
    cwd: root,
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile() && !entry.name.includes('.test.'))
    .map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256');
  for (const file of files.toSorted())
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return `${hash.digest('hex')}\n`;
}

const isBuilt = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;

async function build() {
  process.stderr.write('Setting up: building the console ...\n');
  const vite = await import('vite');
  for (const page of pages) {
    await vite.build({
      configFile: false,
      root: folder,
      base: `/${page}/`,
      logLevel: 'warn',
      oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
      resolve: { conditions: ['guestpass-source', 'browser', 'module', 'production'] },
      worker: { format: 'es' },
      build: {
        outDir: join(dist, page),
        emptyOutDir: true,
        target: 'es2023',
        // These know light-dark(), so that it stays as it is written.
        cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
        // An inlined file would be a data URL, which the pages' policy does not let in.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        rollupOptions: { input: join(folder, `${page}.html`) },
      },
    });
  }
  writeFileSync(stamp, wanted);
}

const wanted = sources();
if (!isBuilt()) {
  // Two builds at once would empty each other's folder.
  const end = takeTurn(turn, (pid) => {
    process.stderr.write(`Setting up: waiting for process ${pid}, which builds the console ...\n`);
  });
  if (!isBuilt()) await build();
  end();
}

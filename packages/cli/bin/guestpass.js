#!/usr/bin/env node
// Plain JavaScript that every Node.js can parse: it must live long enough to say which version is needed.
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';

const needed = [22, 19];
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  process.stderr.write(
    `guestpass needs Node.js ${needed.join('.')} or later, and this is ${process.versions.node}.\n` +
      'Next: install a current Node.js from https://nodejs.org; in a clone, run "node scripts/setup.mjs" and use "npx guestpass".\n',
  );
  process.exit(2);
}

// What was compiled once is kept for the next run, in the system's temporary directory.
nodeModule.enableCompileCache();

const source = new URL('../src/index.ts', import.meta.url);
// Node runs no TypeScript below node_modules, so an installed package always runs what was built.
const inClone = existsSync(source) && !import.meta.url.includes('/node_modules/');
if (inClone) {
  nodeModule.registerHooks({
    resolve(specifier, context, nextResolve) {
      return nextResolve(specifier, { ...context, conditions: ['guestpass-source', ...context.conditions] });
    },
  });
}

const { run } = await import(inClone ? source.href : '../dist/index.js');
await run(process.argv);

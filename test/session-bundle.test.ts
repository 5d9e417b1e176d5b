import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { expect, test } from 'vitest';

/** What a page gets that connects a guest and tells errors apart, minified as sites do. */
async function bundled(): Promise<string> {
  const page = 'virtual:page';
  const result = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['guestpass-source', 'browser'] },
    plugins: [
      {
        name: page,
        resolveId: (id) => (id === page ? page : undefined),
        load: (id) =>
          id === page
            ? "import { connectSession, isGuestpassError } from 'guestpass/session';\nwindow.chat = { connectSession, isGuestpassError };"
            : undefined,
      },
    ],
    build: { write: false, rolldownOptions: { input: page } },
  });
  const outputs = 'output' in result ? result.output : [];
  return outputs.flatMap((output) => (output.type === 'chunk' ? [output.code] : [])).join('\n');
}

test('a chat in a page weighs what the README of the SDK says, and needs nothing of Node', async () => {
  const code = await bundled();
  expect(code).not.toMatch(/["']node:|require\(/);
  const kilobytes = gzipSync(code).length / 1000;
  expect(kilobytes).toBeGreaterThan(25);
  expect(kilobytes).toBeLessThan(35);
});

import { defineConfig } from 'vitest/config';

const conditions = ['guestpass-source'];

export default defineConfig({
  resolve: { conditions },
  // What runs before all tests: a clone that was not built has nothing but the sources.
  environments: { __vitest__: { resolve: { conditions, externalConditions: conditions } } },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
    globalSetup: ['packages/gateway/src/lib/testing/hold-server.ts'],
    // A promise that nobody waits for is a fault of ours, never noise.
    dangerouslyIgnoreUnhandledErrors: false,
    testTimeout: 20_000,
    // Tests wait for databases and other processes more than they compute: two cores have room for two at once.
    maxWorkers: 2,
    coverage: {
      include: ['packages/*/src/lib/**/*.ts'],
      exclude: ['**/*.test.ts'],
      reporter: ['text-summary', 'json-summary'],
      thresholds: { 'packages/sdk/src/lib/**': { lines: 95 } },
    },
  },
});

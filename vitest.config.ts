import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/cluster/**'],
    // Also on two cores: half of the time these tests wait for each other's processes.
    maxWorkers: '100%',
    // Against what never ends; no measure of speed.
    testTimeout: 60_000,
    // Dozens of tests run a command of ours: Node compiles each module for the first of them only.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/node') },
    // Two cores, and a browser beside other tests.
    expect: { poll: { timeout: 10_000 } },
  },
});

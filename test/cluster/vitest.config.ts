import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export
export default defineConfig({
  test: {
    // A failure is read in a log: the whole of what was found.
    chaiConfig: { truncateThreshold: 0 },
    name: 'cluster',
    root: import.meta.dirname,
    include: ['*.test.ts'],
    // One control plane at a time: two would fight for two cores.
    fileParallelism: false,
    testTimeout: 180_000,
    // Programs of ours are started hundreds of times: Node compiles each module for the first of them only.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, '../../node_modules/.cache/node') },
    // The first run builds the control plane.
    hookTimeout: 30 * 60_000,
  },
});

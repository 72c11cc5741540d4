import { defineConfig } from 'vitest/config';
import cluster from './vitest.config.ts';

// Real controllers of others beside ours: `npm run test:neighbours`.
// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export
export default defineConfig({
  test: { ...cluster.test, name: 'neighbours', include: ['neighbours/*.test.ts'] },
});

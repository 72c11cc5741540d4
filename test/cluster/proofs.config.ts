import { defineConfig } from 'vitest/config';
import cluster from './vitest.config.ts';

// Proofs that take too long for every change: `npm run test:proofs`.
// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export
export default defineConfig({
  test: { ...cluster.test, name: 'proofs', include: ['proofs/*.test.ts'] },
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generatedFiles } from './generated.ts';

for (const [path, text] of await generatedFiles()) {
  await writeFile(join(import.meta.dirname, path), text);
  console.log(`manifests/${path}`);
}

import { readFileSync } from 'node:fs';
import { parseCatalogue, type WrittenCatalogue } from './history/catalogue.ts';

/** The rows of history/catalogue.yaml. Throws with every problem in it: the file is ours. */
export function builtInCatalogue(): WrittenCatalogue {
  const text = readFileSync(new URL('./history/catalogue.yaml', import.meta.url), 'utf8');
  const parsed = parseCatalogue('catalogue.yaml', text);
  if (parsed.ok) return parsed.value;
  throw new Error(parsed.problems.join('\n'));
}

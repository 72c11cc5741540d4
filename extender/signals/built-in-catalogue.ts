import { embeddedAsset } from '../../certs/serving/embedded-assets.ts';
import { parseCatalogue, type WrittenCatalogue } from './catalogue.ts';

/** The rows of signals/catalogue.yaml. Throws with every problem in it: the file is ours. */
export function builtInCatalogue(): WrittenCatalogue {
  const text = embeddedAsset('extender/signals/catalogue.yaml');
  const parsed = parseCatalogue('catalogue.yaml', text);
  if (parsed.ok) return parsed.value;
  throw new Error(parsed.problems.join('\n'));
}

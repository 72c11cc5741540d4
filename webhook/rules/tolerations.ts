import type { Pod, Toleration } from '../words/pod.ts';
import { covers } from '../words/toleration.ts';

/** The profile's tolerations that the pod lacks; none is changed or taken away. */
export function missingTolerations(pod: Pod, wanted: readonly Toleration[]): readonly Toleration[] {
  const held = [...(pod.spec.tolerations ?? [])];
  const missing: Toleration[] = [];
  for (const toleration of wanted) {
    if (held.some((one) => covers(one, toleration))) continue;
    held.push(toleration);
    missing.push(toleration);
  }
  return missing;
}

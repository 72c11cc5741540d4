import { add, type Injection, type Ruling } from '../words/injection.ts';
import type { Pod } from '../words/pod.ts';
import { type DeviceProfile, tolerationsOf } from '../words/profile.ts';
import { covers, tolerationInWords } from '../words/toleration.ts';

const LIST = '/spec/tolerations';

/** The profile's tolerations that the pod lacks are appended; none is changed or taken away. */
export function tolerations(pod: Pod, profile: DeviceProfile): Ruling {
  const held = [...(pod.spec.tolerations ?? [])];
  let hasList = pod.spec.tolerations != null;
  const injections: Injection[] = [];
  for (const toleration of tolerationsOf(profile)) {
    if (held.some((one) => covers(one, toleration))) continue;
    held.push(toleration);
    injections.push({
      words: `toleration ${tolerationInWords(toleration)}`,
      operations: [...(hasList ? [] : [add(LIST, [])]), add(`${LIST}/-`, toleration)],
    });
    hasList = true;
  }
  return { injections, declined: [] };
}

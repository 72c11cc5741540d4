import { add, type Injection, type Ruling } from '../words/injection.ts';
import type { Pod, Toleration } from '../words/pod.ts';
import type { DeviceProfile } from '../words/profile.ts';
import { covers, tolerationInWords } from '../words/toleration.ts';

const LIST = '/spec/tolerations';

/** The profile's tolerations that the pod lacks are appended; none is changed or taken away. */
export function tolerations(pod: Pod, profile: DeviceProfile): Ruling {
  const held = [...(pod.spec.tolerations ?? [])];
  let hasList = pod.spec.tolerations != null;
  const injections: Injection[] = [];
  for (const toleration of profile.tolerations.map(inApiForm)) {
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

/** An absent field is absent, not an empty text. */
function inApiForm({
  key,
  operator,
  value,
  effect,
  tolerationSeconds,
}: DeviceProfile['tolerations'][number]): Toleration {
  return {
    key,
    operator,
    ...(value !== undefined && { value }),
    effect,
    ...(tolerationSeconds !== undefined && { tolerationSeconds }),
  };
}

import { add, declining, type Injection, NOTHING, type Ruling } from '../words/injection.ts';
import type { Pod, Toleration } from '../words/pod.ts';
import type { DeviceProfile } from '../words/profile.ts';
import { isUserSet, lastAppliedOf } from './user-set.ts';

/** What the API server gives every pod (admission plugin DefaultTolerationSeconds). */
const DEFAULT_SECONDS = 300;
const KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const;

/**
 * How long the pod stays bound to a node that is lost. The default entries are edited in place: a
 * second toleration would not extend the first, because eviction takes the least of all that match
 * (pkg/controller/tainteviction).
 */
export function nodeLoss(pod: Pod, { nodeLossSeconds }: DeviceProfile): Ruling {
  if (nodeLossSeconds === undefined) return NOTHING;
  const seconds = Math.ceil(nodeLossSeconds);
  const defaults = (pod.spec.tolerations ?? []).flatMap((toleration, index) =>
    isDefault(toleration) ? [{ key: toleration.key ?? '', index }] : [],
  );
  if (defaults.length === 0) return NOTHING;
  if (maySetThem(pod)) {
    return declining(
      'NodeLossSetByUser',
      `the pod's user may have set its node-loss tolerations of ${DEFAULT_SECONDS}s, so they stay, though the profile asks for ${seconds}s`,
    );
  }
  const injections = defaults.map(
    ({ key, index }): Injection => ({
      words: `${key} ${DEFAULT_SECONDS}s -> ${seconds}s`,
      operations: [add(`/spec/tolerations/${index}/tolerationSeconds`, seconds)],
    }),
  );
  return { injections, declined: [] };
}

function isDefault({ key, operator, effect, tolerationSeconds }: Toleration): boolean {
  return (
    KEYS.some((known) => known === key) &&
    operator === 'Exists' &&
    effect === 'NoExecute' &&
    tolerationSeconds === DEFAULT_SECONDS
  );
}

/**
 * The list is atomic: managedFields say that the user wrote it, not which entries. Only the manifest
 * that `kubectl apply` leaves behind tells them apart.
 */
function maySetThem({ metadata }: Pod): boolean {
  const applied = lastAppliedOf(metadata);
  if (applied !== undefined) {
    return (applied.spec?.tolerations ?? []).some(({ key }) => KEYS.some((known) => known === key));
  }
  return isUserSet(metadata, ['spec', 'tolerations']);
}

import { controllerOf } from '../words/controller.ts';
import { expectationsOf } from '../words/expectations.ts';
import { add, declining, injecting, NOTHING, type Ruling } from '../words/injection.ts';
import { HOME_GATE } from '../words/keys.ts';
import type { Pod } from '../words/pod.ts';
import { DEFAULT_SCHEDULER } from '../words/pod-defaults.ts';
import type { DeviceProfile } from '../words/profile.ts';
import { withMaps } from '../words/with-maps.ts';
import { slotOf } from '../words/workload.ts';

const GATES = '/spec/schedulingGates';

/**
 * A scheduling gate for pods of numbered slots, which may wait for their slot's own node. A gate that nobody lifts is a
 * stuck pod, so none is added unless somebody was heard a moment ago who can lift it: `cannotLift` says why not.
 */
export function homeGate(pod: Pod, profile: DeviceProfile, cannotLift: string | undefined): Ruling {
  if (profile.waitForHomeSeconds === 0) return NOTHING;
  const waitSeconds = expectationsOf(pod, profile).waitForHomeSeconds;
  const gates = pod.spec.schedulingGates ?? [];
  if (waitSeconds === 0 || gates.some(({ name }) => name === HOME_GATE)) return NOTHING;
  const why = whyNot(pod, profile) ?? cannotLift;
  if (why !== undefined) return declining('NotGated', `it does not wait for its own node: ${why}`);
  return injecting(
    `may wait ${waitSeconds}s for its own node`,
    ...(pod.spec.schedulingGates == null ? [add(GATES, [])] : []),
    add(`${GATES}/-`, { name: HOME_GATE }),
  );
}

/** Why the pod has no node of its own to wait for, or would not be placed as one that waits is. */
function whyNot(pod: Pod, profile: DeviceProfile): string | undefined {
  const { metadata, spec } = pod;
  if (spec.nodeName) return 'it is on a node already';
  const owner = controllerOf(metadata);
  if (owner === undefined) return 'it has no controller, so nobody makes it anew';
  if (owner.kind === 'DaemonSet') return 'a DaemonSet has chosen its node';
  if (spec.schedulingGroup != null) return 'its PodGroup is placed as a whole';
  if (slotOf(withMaps(pod)).interchangeable) return 'its owner does not number its pods';
  const scheduler = spec.schedulerName || DEFAULT_SCHEDULER;
  if (scheduler !== DEFAULT_SCHEDULER && scheduler !== profile.schedulerName) {
    return `nobody knows whether scheduler ${scheduler.slice(0, 80)} honours scheduling gates`;
  }
  return undefined;
}

import { asksForDevices, devicesAsked } from '../words/device.ts';
import { groupControllerOf } from '../words/group-controller.ts';
import { add, declining, injecting, NOTHING, type Ruling } from '../words/injection.ts';
import { LONGEST_NAME } from '../words/longest-name.ts';
import type { Container, OwnerReference, Pod } from '../words/pod.ts';
import type { DeviceProfile } from '../words/profile.ts';

/**
 * Restarts a device container in place, on the same devices, when it ends with one of the exit codes
 * that the profile names (KEP-5307): for errors of the software, which another node would not cure.
 * Only in pods that are never restarted otherwise, and only where nobody but a Job waits for the end of a container:
 * LeaderWorkerSet recreates the whole group when any container restarts, and an executor that comes back under the
 * number of the former one is refused by its driver.
 */
export function restartRules(pod: Pod, profile: DeviceProfile): Ruling {
  const { restartExitCodes } = profile;
  if (restartExitCodes.length === 0) return NOTHING;
  const group = groupControllerOf(pod.metadata);
  if (group !== undefined) {
    return declining('GroupRestartsItself', `${group} restarts its pods by rules of its own`);
  }
  if (pod.spec.restartPolicy !== 'Never') {
    return declining(
      'RestartsAnyway',
      `restart rules are for pods with restartPolicy Never; this one's is ${pod.spec.restartPolicy ?? 'Always'}`,
    );
  }
  const owner = pod.metadata.ownerReferences?.find((reference) => !bearsRestarts(reference));
  if (owner !== undefined) {
    return declining(
      'UnknownController',
      `restart rules are for pods of a Job and for pods without an owner; whether ${`${owner.kind} ${owner.name}`.slice(0, LONGEST_NAME)} bears a container that comes back is not known`,
    );
  }
  const containers = pod.spec.containers.map((container, index) => ({ container, index }));
  const rulings = containers
    .filter(({ container }) => holdsDevice(container, profile))
    .map(({ container, index }) => containerRules(container, index, restartExitCodes));
  return {
    injections: rulings.flatMap(({ injections }) => injections),
    declined: rulings.flatMap(({ declined }) => declined),
  };
}

function containerRules(container: Container, index: number, exitCodes: readonly number[]): Ruling {
  // Rules of its own, empty ones included, were thought about.
  if (container.restartPolicy != null || container.restartPolicyRules != null) {
    return declining(
      'RestartSetByUser',
      `container ${container.name} has a restart policy or rules of its own`,
    );
  }
  const path = `/spec/containers/${index}`;
  return injecting(
    `restart of container ${container.name} in place after exit code ${exitCodes.join(', ')}`,
    add(`${path}/restartPolicy`, 'Never'),
    add(`${path}/restartPolicyRules`, [
      { action: 'Restart', exitCodes: { operator: 'In', values: [...exitCodes] } },
    ]),
  );
}

/** Whether the owner takes the end of the pod, not that of a container, for the end of its work. */
function bearsRestarts({ kind, apiVersion = 'batch/v1' }: OwnerReference): boolean {
  return kind === 'Job' && apiVersion.startsWith('batch/');
}

/** True when this container asks for a device of the profile, or holds a resource claim. */
export function holdsDevice(container: Container, profile: DeviceProfile): boolean {
  const alone = { metadata: {}, spec: { containers: [container] } };
  return (
    asksForDevices(devicesAsked(alone, profile.devices)) ||
    (profile.resourceClaims && (container.resources?.claims ?? []).length > 0)
  );
}

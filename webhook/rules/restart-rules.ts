import { asksForDevices, devicesAsked } from '../words/device.ts';
import { groupControllerOf } from '../words/group-controller.ts';
import { add, declining, type Injection, NOTHING, type Ruling } from '../words/injection.ts';
import type { Container, Pod } from '../words/pod.ts';
import type { DeviceProfile } from '../words/profile.ts';

/**
 * Restarts a device container in place, on the same devices, when it ends with one of the exit codes
 * that the profile names (KEP-5307): for errors of the software, which another node would not cure.
 * Only in pods that are never restarted otherwise, and never inside a group whose controller counts
 * restarts itself (LeaderWorkerSet recreates the whole group when any container restarts).
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
  const injections = pod.spec.containers.flatMap((container, index): readonly Injection[] => {
    if (!holdsDevice(container, profile)) return [];
    // One that has a policy or rules of its own, empty ones included, was thought about.
    if (container.restartPolicy != null || container.restartPolicyRules != null) return [];
    const path = `/spec/containers/${index}`;
    return [
      {
        words: `restart of container ${container.name} in place after exit code ${restartExitCodes.join(', ')}`,
        operations: [
          add(`${path}/restartPolicy`, 'Never'),
          add(`${path}/restartPolicyRules`, [
            { action: 'Restart', exitCodes: { operator: 'In', values: [...restartExitCodes] } },
          ]),
        ],
      },
    ];
  });
  return { injections, declined: [] };
}

/** True when this container asks for a device of the profile, or holds a resource claim. */
export function holdsDevice(container: Container, profile: DeviceProfile): boolean {
  const alone = { metadata: {}, spec: { containers: [container] } };
  return (
    asksForDevices(devicesAsked(alone, profile.devices)) ||
    (profile.resourceClaims && (container.resources?.claims ?? []).length > 0)
  );
}

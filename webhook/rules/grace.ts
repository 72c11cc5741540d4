import { add, declining, injecting, NOTHING, type Ruling } from '../words/injection.ts';
import type { Container, Pod } from '../words/pod.ts';
import { DEFAULT_GRACE_SECONDS } from '../words/pod-defaults.ts';
import type { DeviceProfile } from '../words/profile.ts';
import { isUserSet } from './user-set.ts';

/**
 * Termination grace is raised to the profile's minimum. Only the default of 30 s is ever raised; any
 * other value was chosen. Liveness and startup probes keep the old grace: otherwise a hung container
 * would hold its device for the whole new one.
 */
export function grace(pod: Pod, profile: DeviceProfile): Ruling {
  const fromSeconds = pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  const toSeconds = Math.ceil(profile.graceSeconds);
  if (fromSeconds >= toSeconds) return NOTHING;
  if (
    fromSeconds !== DEFAULT_GRACE_SECONDS ||
    isUserSet(pod.metadata, ['spec', 'terminationGracePeriodSeconds'])
  ) {
    return declining(
      'GraceSetByUser',
      `the pod's grace of ${fromSeconds}s was chosen by its user and stays, though profile ${profile.name} asks for ${toSeconds}s`,
    );
  }
  return injecting(
    `grace ${fromSeconds}s -> ${toSeconds}s`,
    add('/spec/terminationGracePeriodSeconds', toSeconds),
    ...probesWithoutGrace(pod).map((probe) =>
      add(`${probe}/terminationGracePeriodSeconds`, fromSeconds),
    ),
  );
}

/** JSON pointers of the liveness and startup probes that have no grace of their own. */
function probesWithoutGrace(pod: Pod): readonly string[] {
  const within = (list: readonly Container[] | null | undefined, path: string) =>
    (list ?? []).flatMap((container, index) =>
      (['livenessProbe', 'startupProbe'] as const)
        .filter((probe) => {
          const held = container[probe];
          return held != null && held.terminationGracePeriodSeconds == null;
        })
        .map((probe) => `${path}/${index}/${probe}`),
    );
  return [
    ...within(pod.spec.containers, '/spec/containers'),
    ...within(pod.spec.initContainers, '/spec/initContainers'),
  ];
}

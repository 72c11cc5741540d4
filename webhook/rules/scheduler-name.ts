import { controllerOf } from '../words/controller.ts';
import { add, declining, injecting, NOTHING, type Ruling } from '../words/injection.ts';
import type { Pod } from '../words/pod.ts';
import { DEFAULT_SCHEDULER } from '../words/pod-defaults.ts';
import type { DeviceProfile } from '../words/profile.ts';
import { isUserSet } from './user-set.ts';

/** Sends the pod to the profile's scheduler, unless somebody has chosen one or it needs none. */
export function schedulerName({ metadata, spec }: Pod, profile: DeviceProfile): Ruling {
  const wanted = profile.schedulerName;
  const current = spec.schedulerName || DEFAULT_SCHEDULER;
  if (wanted === undefined || current === wanted) return NOTHING;
  const stays = (why: string) =>
    declining('SchedulerSetByUser', `the pod stays with scheduler ${current}: ${why}`);
  if (current !== DEFAULT_SCHEDULER) return stays('somebody has chosen it');
  if (isUserSet(metadata, ['spec', 'schedulerName'])) return stays('its user wrote that name');
  if (spec.nodeName) return stays('it is on a node already');
  const owner = controllerOf(metadata);
  if (owner?.kind === 'DaemonSet') return stays('a DaemonSet has chosen its node');
  return injecting(`scheduler ${wanted}`, add('/spec/schedulerName', wanted));
}

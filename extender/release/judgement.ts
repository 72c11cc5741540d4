import type { PodFacts } from '../facts/facts.ts';
import type { Incident } from '../history/incident.ts';
import { physicalDevice } from '../signals/identity.ts';
import { isStandingFault } from './broken-device.ts';
import type { Release } from './releases.ts';

/** A verdict is judged by what came within an hour (judgement): loops of restarts show in minutes, repairs take longer. */
export const JUDGED_AFTER_SECONDS = 3600;

/** What has come of a verdict. */
export interface Aftermath {
  /** Pods that hold devices on the node of the verdict. */
  readonly onNode: readonly PodFacts[];
  /** The pod itself where it is still there, else the one that has come after it; absent where nobody can tell which. */
  readonly slot?: PodFacts;
  readonly incidents: readonly Incident[];
  readonly loops: boolean;
}

export interface Judgement {
  readonly judged: NonNullable<Release['judged']>;
  readonly words: string;
}

/**
 * Whether a verdict was right, by what is known now. A broken device: wrong where the kubelet calls it healthy in the hands
 * of any pod and nothing reports it any more. A crash loop: wrong where the pod loops on its next node, too.
 */
export function judge(release: Release, after: Aftermath): Judgement {
  return release.kind === 'crashLoop' ? judgeLoop(release, after) : judgeDevice(release, after);
}

function judgeDevice(
  { device, resource, uid }: Release,
  { onNode, incidents, slot }: Aftermath,
): Judgement {
  const healthOf = onNode.flatMap(({ deviceHealth }) =>
    deviceHealth.filter((one) => device !== undefined && physicalDevice(one.device) === device),
  );
  const reported = incidents.some(
    (one) =>
      isStandingFault(one) &&
      (device === undefined ? one.resource === resource : one.device === device),
  );
  if (reported || healthOf.some(({ health }) => health === 'Unhealthy')) {
    return { judged: 'right', words: 'the device is still reported to be broken' };
  }
  if (healthOf.some(({ health }) => health === 'Healthy')) {
    return { judged: 'wrong', words: 'the device is healthy again without a repair that was seen' };
  }
  const stays = slot?.uid === uid && slot.phase === 'Running' && !slot.isTerminating;
  return stays
    ? { judged: 'wrong', words: 'the pod runs on there, and nothing reports the device any more' }
    : { judged: 'unknown', words: 'nothing tells how the device is' };
}

function judgeLoop({ uid, node }: Release, { slot, loops }: Aftermath): Judgement {
  if (slot === undefined)
    return { judged: 'unknown', words: 'nobody can tell which pod has come after it' };
  if (slot.uid === uid) {
    return loops
      ? { judged: 'unknown', words: 'it is where it was, and crashes on' }
      : { judged: 'wrong', words: 'it crashes no more where it was' };
  }
  if (slot.node === node) return { judged: 'unknown', words: 'its slot is on the same node again' };
  return loops
    ? { judged: 'wrong', words: `it crashes again and again on ${slot.node ?? 'no node'}, too` }
    : { judged: 'right', words: `it runs on ${slot.node ?? 'another node'}` };
}

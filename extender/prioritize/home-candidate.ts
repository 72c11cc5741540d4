import type { Expectations } from '../../webhook/words/expectations.ts';
import type { Slot } from '../../webhook/words/workload.ts';
import { countAsked, holdsDevices, type NodeFacts, type PodFacts } from '../facts/facts.ts';
import { type Displacement, displacement, type Returning } from '../forecast/displaced.ts';
import { type Forecast, forecast } from '../forecast/loss.ts';
import type { Departure } from '../homes/departure.ts';
import type { Cluster } from '../state/cluster.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { Elsewhere } from './spare-nodes.ts';

/** What changes in a node's forecast because it is somebody's home. */

/** The pod of a question. */
export interface Asked {
  readonly pod: PodFacts;
  readonly expectations: Expectations;
  readonly snapshot: Snapshot;
  /** Its job is gathered, so its members' homes do not count. */
  readonly isGathering?: boolean;
}

/**
 * The forecast of a node that may be the pod's home or another slot's, made from the plain one. `leftAtSeconds`: when
 * the pod's own slot left it.
 */
export function forecastAtHome(
  node: NodeFacts,
  plain: Forecast,
  leftAtSeconds: number | undefined,
  { pod, expectations, snapshot, isGathering = false }: Asked,
  elsewhere: Elsewhere,
): Forecast {
  const leaving = plain.candidate.isFull ? unseenLeavers(node, pod, snapshot) : [];
  const hasLeft = leaving.some(({ slot }) => slot.key === pod.slot.key);
  const homeSinceSeconds = leftAtSeconds ?? (hasLeft ? snapshot.nowSeconds : undefined);
  const counts = (slot: Slot) => !isGathering || slot.workload !== pod.slot.workload;
  const displaced = displacementOn(node, pod, { leaving, counts }, elsewhere, snapshot);
  if (homeSinceSeconds === undefined && displaced.slots === 0) return plain;
  return forecast(
    {
      ...plain.candidate,
      ...(homeSinceSeconds !== undefined && { homeSinceSeconds }),
      displacedSeconds: displaced.seconds,
      displacedSlots: displaced.slots,
    },
    expectations,
    plain.terms,
  );
}

const NOBODY_DISPLACED: Displacement = { seconds: 0, slots: 0 };

/**
 * Pods of the same workload that hold the node as far as our watch has shown, though the scheduler found room there: the
 * group restarts, they are on their way home, too, and our watch is late.
 */
function unseenLeavers(node: NodeFacts, pod: PodFacts, { cluster }: Snapshot): readonly PodFacts[] {
  return [...cluster.holding(node.name)].filter(
    ({ slot, uid }) =>
      slot.workload === pod.slot.workload && !slot.interchangeable && uid !== pod.uid,
  );
}

function displacementOn(
  node: NodeFacts,
  pod: PodFacts,
  { leaving, counts }: { leaving: readonly PodFacts[]; counts: (slot: Slot) => boolean },
  elsewhere: Elsewhere,
  snapshot: Snapshot,
): Displacement {
  const { cluster, homes, config, nowSeconds } = snapshot;
  const returning = [
    ...homes
      .expectedOn(node.name, nowSeconds)
      .filter((departure) => wouldReturn(departure, cluster)),
    ...leaving.map(({ expectations, ...left }) => ({
      ...left,
      coldStartForOthersSeconds: expectations?.coldStartForOthersSeconds ?? 0,
    })),
  ].filter(({ slot }) => slot.key !== pod.slot.key && counts(slot));
  if (returning.length === 0) return NOBODY_DISPLACED;
  const freeAfterPod = new Map(
    [...node.devices.keys()].map((resource) => [
      resource,
      cluster.freeDevices(node, resource) +
        leaving.reduce((sum, left) => sum + countAsked(left, resource), 0) -
        countAsked(pod, resource),
    ]),
  );
  return displacement(
    returning.map((slot) => returningFrom(slot, node, pod, elsewhere)),
    freeAfterPod,
    config.pullBytesPerSecond,
  );
}

/**
 * Whether a departed slot would come back to its node: not to a broken device; and a slot whose last pod still holds its
 * devices will find those free.
 */
function wouldReturn({ cause, podUid }: Departure, cluster: Cluster): boolean {
  const last = cluster.pod(podUid);
  return cause !== 'device fault' && (last === undefined || !holdsDevices(last));
}

function returningFrom(
  left: Pick<Departure, 'slot' | 'devices' | 'images' | 'coldStartForOthersSeconds'>,
  home: NodeFacts,
  pod: PodFacts,
  elsewhere: Elsewhere,
): Returning {
  const needs = new Map(
    left.devices.resources.map(({ resource, count }) => [resource, count] as const),
  );
  return {
    needs,
    isSibling: left.slot.workload === pod.slot.workload,
    // A function, because it looks at every spare node and is needed for displaced slots only.
    bytesToPullElsewhere: () =>
      left.images.reduce((sum, image) => sum + elsewhere.bytesMissed(home, image, needs), 0),
    coldStartSeconds: left.coldStartForOthersSeconds,
  };
}

import { inNaturalOrder } from '../../webhook/words/natural-order.ts';
import { countAskedInAll, type NodeFacts } from '../facts/facts.ts';
import { incidentInWords } from '../forecast/evidence.ts';
import { badCohortInWords } from '../forecast/hazard-words.ts';
import { type Hazard, hazardClass } from '../hazard/pod-hazard.ts';
import { physicalDevice } from '../signals/identity.ts';
import { nodeHazard } from '../state/node-hazard.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { ShownNodeSummary } from './shapes.ts';
import { nodeState, shownFaults } from './shown.ts';

/** A node on one line: what a list of a whole fleet shows. */
export function nodeSummary(node: NodeFacts, snapshot: Snapshot): ShownNodeSummary {
  const { store, homes, nowSeconds } = snapshot;
  const hazard = nodeHazard(node, snapshot);
  const { rack, zone, model, driver } = node;
  const place = rack ?? zone;
  return {
    node: node.name,
    host: node.host,
    state: nodeState(node),
    ...(place !== undefined && { rack: place }),
    ...(model !== undefined && { model }),
    ...(driver !== undefined && { driver }),
    ...devicesOf(node, snapshot),
    ...(hazard === undefined ? NO_HAZARD : hazardOf(hazard, nowSeconds)),
    ...shownFaults(store.get(node.host)),
    away: homes.on(node.name, nowSeconds).length,
    namespaces: namespacesOn(node, snapshot),
  };
}

const NO_HAZARD = { hazard: 'normal', times: 0 } as const;

function hazardOf(hazard: Hazard, nowSeconds: number) {
  const { times, incidents } = hazard;
  const [worst] = incidents;
  const words = [
    ...(worst === undefined ? [] : [incidentInWords(worst, nowSeconds)]),
    ...[badCohortInWords(hazard)].filter((cohort) => cohort !== undefined),
  ];
  const name = hazardClass(times);
  return {
    hazard: name,
    times: Number(times.toPrecision(2)),
    ...(name !== 'normal' && words.length > 0 && { words: words.join('; ') }),
  };
}

/** How many it has, how many pods have, and how many are withdrawn or said to be unhealthy: of a node that is there. */
function devicesOf(
  { name, devices, isReady }: NodeFacts,
  { cluster }: Snapshot,
): { devices: number; busy: number; bad: number } {
  const unhealthy = new Set<string>();
  let total = 0;
  let withdrawn = 0;
  let busy = 0;
  for (const { capacity, allocatable } of devices.values()) {
    total += capacity;
    withdrawn += Math.max(0, capacity - allocatable);
  }
  for (const pod of cluster.holding(name)) {
    busy += countAskedInAll(pod);
    for (const { device, health } of pod.deviceHealth) {
      if (health === 'Unhealthy') unhealthy.add(physicalDevice(device));
    }
  }
  // A device that the plugin calls unhealthy is withdrawn, too, once its kubelet has heard it.
  return { devices: total, busy, bad: isReady ? Math.max(withdrawn, unhealthy.size) : 0 };
}

/** A node of eight devices has pods of at most so many; with time-slicing more, and then these do. */
const MOST_NAMESPACES = 8;

function namespacesOn({ name }: NodeFacts, { cluster }: Snapshot): readonly string[] {
  const found = new Set<string>();
  for (const { namespace } of cluster.holding(name)) found.add(namespace);
  return [...found].sort().slice(0, MOST_NAMESPACES);
}

/** The worst first: broken devices, then the higher hazard, then by name. */
export function byWorst(a: ShownNodeSummary, b: ShownNodeSummary): number {
  return b.bad - a.bad || b.open - a.open || b.times - a.times || inNaturalOrder(a.node, b.node);
}

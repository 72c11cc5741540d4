import { gangOf } from '../../webhook/words/gang.ts';
import { inTurns } from '../bounds/in-turns.ts';
import {
  type DrainAdvice,
  type DrainedJob,
  type DrainTerms,
  drainAdvice,
} from '../drains/drain-advice.ts';
import { interruptedJob } from '../drains/interrupted-job.ts';
import { countAskedInAll, type NodeFacts, type PodFacts } from '../facts/facts.ts';
import { timeOf } from '../facts/timestamp.ts';
import { nodeHazard } from '../state/node-hazard.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { nodeSummary } from './node-summary.ts';
import type { ShownDrains } from './shapes.ts';

/** When each node is best taken out of service; `onlyBroken`: only nodes that have a broken device. The cheapest first. */
export async function shownDrains(
  terms: DrainTerms,
  { onlyBroken }: { readonly onlyBroken: boolean },
  snapshot: Snapshot,
): Promise<ShownDrains> {
  const faults = faultsOf(snapshot);
  const gangs = gangsOf(snapshot, faults);
  const looked = await inTurns(snapshot.cluster.nodes(), (node): readonly DrainAdvice[] => {
    const { devices, bad } = nodeSummary(node, snapshot);
    if (devices === 0 || (onlyBroken && bad === 0)) return [];
    const jobs = jobsOn(node, snapshot, faults, gangs);
    const { name } = node;
    return [
      drainAdvice({ node: name, devices, broken: bad, jobs, faultsPerDay: faults(node) }, terms),
    ];
  });
  return { at: timeOf(snapshot.nowSeconds), ...terms, nodes: looked.flat().sort(cheapestFirst) };
}

function cheapestFirst(a: DrainAdvice, b: DrainAdvice): number {
  return a.best.costDeviceSeconds - b.best.costDeviceSeconds || a.node.localeCompare(b.node, 'en');
}

/** Faults a day on all devices of a node, reckoned once a list. */
function faultsOf(snapshot: Snapshot): (node: NodeFacts) => number {
  const known = new Map<string, number>();
  return (node) => {
    const kept = known.get(node.name);
    if (kept !== undefined) return kept;
    const found = nodeHazard(node, snapshot)?.faultsPerDay ?? 0;
    known.set(node.name, found);
    return found;
  };
}

/** All of a gang, wherever it is. */
interface WholeGang {
  readonly devices: number;
  readonly faultsPerDay: number;
}

function gangsOf(
  { cluster }: Snapshot,
  faults: (node: NodeFacts) => number,
): (gang: string) => WholeGang {
  const known = new Map<string, WholeGang>();
  return (gang) => {
    const kept = known.get(gang);
    if (kept !== undefined) return kept;
    let devices = 0;
    let faultsPerDay = 0;
    for (const name of cluster.gangs.nodesOf(gang).keys()) {
      const node = cluster.node(name);
      if (node !== undefined) faultsPerDay += faults(node);
      for (const pod of cluster.holding(name)) {
        if (gangOf(pod.slot) === gang) devices += countAskedInAll(pod);
      }
    }
    const found = { devices, faultsPerDay };
    known.set(gang, found);
    return found;
  };
}

function jobsOn(
  node: NodeFacts,
  snapshot: Snapshot,
  faults: (node: NodeFacts) => number,
  gangs: (gang: string) => WholeGang,
): readonly DrainedJob[] {
  const pods = [...snapshot.cluster.holding(node.name)].filter(
    (pod) => countAskedInAll(pod) > 0 && !pod.isTerminating,
  );
  const together = Map.groupBy(pods, (pod) => gangOf(pod.slot) ?? pod.uid);
  return [...together].map(([key, members]) => {
    const [first] = members as [PodFacts];
    const gang = gangOf(first.slot) === key ? gangs(key) : undefined;
    const devicesHere = members.reduce((sum, pod) => sum + countAskedInAll(pod), 0);
    return {
      ...interruptedJob(first, snapshot.nowSeconds),
      name: members.length === 1 ? `${first.namespace}/${first.name}` : first.slot.workload,
      devicesHere,
      devices: Math.max(devicesHere, gang?.devices ?? 0),
      // Those of this node break it here.
      restartsPerDay: Math.max(0, (gang?.faultsPerDay ?? 0) - faults(node)),
    };
  });
}

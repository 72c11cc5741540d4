import { Fleet } from '../../../extender/fleet/fleet.ts';
import { isOver } from '../../../extender/fleet/pod-status.ts';
import type { FaultScript } from '../../../extender/fleet/script.ts';
import { shownNode } from '../../../extender/page/shown.ts';
import { shippedConfiguration } from '../../../extender/simulation/script-files.ts';
import { SurefootInProcess } from '../../../extender/simulation/surefoot-in-process.ts';
import type { Stage } from './outcome.ts';

const START_SECONDS = 1_800_000_000;

/** The built-in fleet with Surefoot beside it, on its own clock. */
export async function fleetStage(script: FaultScript, nodes: number): Promise<Stage> {
  const { profiles, extender } = shippedConfiguration();
  const surefoot = new SurefootInProcess(profiles, extender);
  const nowSeconds = () => fleet.timeline.nowSeconds;
  const fleet: Fleet = new Fleet({
    script,
    nodes,
    seed: 1,
    startSeconds: START_SECONDS,
    doors: surefoot.doors(nowSeconds),
  });
  surefoot.watch(fleet.api, nowSeconds);
  return {
    reach: (seconds) => fleet.timeline.runUntil(START_SECONDS + seconds),
    async nodesOf(name) {
      const workload = fleet.workloads.get(name);
      return Array.from({ length: workload?.entry.pods ?? 0 }, (_none, place) => {
        const pod = fleet.api.pods.get(workload?.podAt(place) ?? '');
        return pod === undefined || isOver(pod) ? '' : (pod.spec.nodeName ?? '');
      });
    },
    async incidentsOn(name) {
      const snapshot = surefoot.snapshot(nowSeconds());
      const node = snapshot.cluster.node(name);
      return node === undefined
        ? []
        : shownNode(node, snapshot).incidents.map(({ words }) => words);
    },
  };
}

import type { NodeFacts } from '../../../../extender/facts/facts.ts';
import { podFacts } from '../../../../extender/facts/pods.ts';
import { Random } from '../../../../extender/fleet/random.ts';
import { levelOf } from '../../../../extender/forecast/level.ts';
import { ForecastCache } from '../../../../extender/prioritize/forecast-cache.ts';
import {
  namedScores,
  prioritize,
  type Verdict,
} from '../../../../extender/prioritize/prioritize.ts';
import { named } from '../../../../extender/prioritize/wire.ts';
import { shippedConfiguration } from '../../../../extender/simulation/script-files.ts';
import { RatesOfFleet } from '../../../../extender/state/fleet-rates.ts';
import type { Snapshot } from '../../../../extender/state/snapshot.ts';
import type { ContainerStatus, Pod } from '../../../../webhook/words/pod.ts';
import { GPU, makeImages, makeNode } from '../../../make/facts.ts';
import { makeIngest } from '../../../make/ingest.ts';
import { makeSnapshot } from '../../../make/snapshot.ts';
import { IMAGE_BYTES } from '../jobs.ts';
import {
  type Asking,
  bits,
  type Ending,
  type Policy,
  type SimPod,
  type TrueNode,
  type World,
} from '../world.ts';
import { best, packing } from './points.ts';
import { imageLocality } from './stock.ts';

/**
 * What the seconds of a forecast are taken from: all of it, or the risk alone; beside a profile that packs, as our own
 * scheduler's, or beside the default plugins.
 */
export type Uses = 'all' | 'risk alone' | 'beside stock';

const HOUR = 3600;
const WHOLE_NODE_SECONDS = 900;
/** A minute in the program; a fleet's rates move in days. */
const RATES_EVERY_HOURS = 6;
/** A whole node of an average job; how much worse than most a node must be to count as penalised. */
const PENALISED_SECONDS = 30;

/** The shipped code, told of the world as the watches would tell it, and asked as a scheduler asks. */
export async function surefoot(world: World, seed: number, uses: Uses = 'all'): Promise<Policy> {
  const { profiles, extender } = shippedConfiguration();
  const packs = uses !== 'beside stock';
  const config = packs ? { ...extender, wholeNodeSeconds: WHOLE_NODE_SECONDS } : extender;
  const random = new Random(seed, 'surefoot');
  const made = makeIngest({ onSignal() {}, onBound() {} });
  const { ingest, cluster, store } = made;
  const rates = new RatesOfFleet(cluster, store);
  const forecastCache = new ForecastCache();
  const pods = new Map<string, Pod>();
  let hours = 0;
  let penalisedNodes = 0;
  const snapshotAt = (nowSeconds: number): Snapshot =>
    makeSnapshot(made, { rates: rates.current, config, profiles, nowSeconds });
  const tell = (pod: Pod, nowSeconds: number) => {
    pods.set(pod.metadata.uid ?? '', pod);
    ingest.podChanged(podFacts(pod, profiles), false, nowSeconds);
  };

  return {
    name: { all: 'surefoot', 'risk alone': 'risk alone', 'beside stock': 'surefoot beside stock' }[
      uses
    ],
    place(asking, candidates, nowSeconds) {
      ingest.tick(nowSeconds);
      const names = candidates.map(({ name }) => name);
      const question = { pod: podOf(asking), ...named(names, cluster.index) };
      const verdict = prioritize(
        { ...question, sentWholeNodes: false },
        snapshotAt(nowSeconds),
        forecastCache,
      );
      const scores =
        uses === 'risk alone'
          ? riskLevels(verdict, names, config.halvingSeconds)
          : new Map(
              namedScores(decided(verdict).answer, cluster).map(({ node, score }) => [node, score]),
            );
      const { gpus, image } = asking.job.plan;
      const cached = packs ? 0 : imageLocality(world, image);
      const plugins = (node: TrueNode) =>
        packs ? packing(node, gpus, image) : node.cache.has(image) ? cached : 0;
      return best(candidates, (node) => plugins(node) + 10 * (scores.get(node.name) ?? 0), random);
    },
    bound(pod, nowSeconds) {
      tell(
        withStatus(podOf(pod), { node: pod.node.name, phase: 'Pending', nowSeconds }),
        nowSeconds,
      );
    },
    running(pod, nowSeconds) {
      const known = pods.get(pod.uid);
      if (known === undefined) return;
      tell(runningPod(known, pod, nowSeconds), nowSeconds);
    },
    ended(pod, how, nowSeconds, brokenGpu) {
      const known = pods.get(pod.uid);
      if (known === undefined) return;
      tell(endedPod(known, pod, how, nowSeconds, brokenGpu), nowSeconds);
      ingest.podRemoved(pod.uid, nowSeconds);
      pods.delete(pod.uid);
    },
    nodeChanged(node, nowSeconds) {
      ingest.nodeChanged(nodeFactsOf(node), nowSeconds);
    },
    hourly(nowSeconds) {
      ingest.tick(nowSeconds);
      ingest.prune(nowSeconds);
      if (hours % RATES_EVERY_HOURS === 0) rates.reckon(nowSeconds);
      hours += 1;
      return hours % 24 === 0 ? penalised(world, snapshotAt(nowSeconds)) : penalisedNodes;
    },
  };

  function penalised(of: World, snapshot: Snapshot): number {
    const asking = { uid: 'nobody', index: 0, job: standardJob() };
    const names = of.nodes.map(({ name }) => name);
    const question = { pod: podOf(asking), ...named(names, cluster.index) };
    const verdict = prioritize({ ...question, sentWholeNodes: false }, snapshot, forecastCache);
    const risks = risksOn(names, verdict).sort((a, b) => a - b);
    const median = risks[Math.floor(risks.length / 2)] ?? 0;
    penalisedNodes = risks.filter((risk) => risk - median > PENALISED_SECONDS).length;
    return penalisedNodes;
  }
}

function standardJob(): Asking['job'] {
  return {
    plan: {
      id: -1,
      size: 1,
      gpus: 8,
      image: 'registry.example/none:1',
      workSeconds: 8 * HOUR,
      saidSeconds: 8 * HOUR,
      checkpointSeconds: HOUR,
    },
    leftSeconds: 0,
    attempt: 0,
    pods: [],
    begunAtSeconds: 0,
    worksFromSeconds: 0,
    homes: [undefined],
  };
}

function decided(verdict: Verdict): Extract<Verdict, { kind: 'decision' }> {
  if (verdict.kind !== 'decision') throw new Error(`no opinion: ${verdict.reason.words}`);
  return verdict;
}

function risksOn(names: readonly string[], verdict: Verdict): number[] {
  const { forecastOn } = decided(verdict).decision;
  return names.map((name) => forecastOn?.(name)?.forecast.seconds.risk ?? 0);
}

function riskLevels(
  verdict: Verdict,
  names: readonly string[],
  halvingSeconds: number,
): ReadonlyMap<string, number> {
  const risks = risksOn(names, verdict);
  const least = Math.min(...risks);
  return new Map(
    names.map((name, index) => [name, levelOf((risks[index] ?? 0) - least, halvingSeconds)]),
  );
}

function nodeFactsOf(node: TrueNode): NodeFacts {
  return makeNode({
    name: node.name,
    createdAtSeconds: -365 * 24 * HOUR,
    devices: new Map([[GPU, { capacity: 8, allocatable: 8 - bits(node.broken) }]]),
    images: makeImages(...[...node.cache.keys()].map((image) => [image, IMAGE_BYTES] as const)),
  });
}

function podOf({ job, index, uid }: Pick<SimPod, 'job' | 'index' | 'uid'>): Pod {
  const { id, gpus, image, saidSeconds, checkpointSeconds } = job.plan;
  const quantity = { [GPU]: String(gpus) };
  return {
    metadata: {
      name: `job-${id}-${index}`,
      namespace: 'team-a',
      uid,
      annotations: {
        'surefoot.dev/profile': 'nvidia',
        'surefoot.dev/expected-duration': `${Math.max(1, Math.round(saidSeconds))}s`,
        ...(checkpointSeconds !== undefined && {
          'surefoot.dev/checkpoint': `${checkpointSeconds}s`,
        }),
        'batch.kubernetes.io/job-completion-index': String(index),
      },
      ownerReferences: [
        { apiVersion: 'batch/v1', kind: 'Job', name: `job-${id}`, controller: true },
      ],
    },
    spec: {
      containers: [{ name: 'main', image, resources: { requests: quantity, limits: quantity } }],
    },
  };
}

function withStatus(
  pod: Pod,
  { node, phase, nowSeconds }: { node: string; phase: string; nowSeconds: number },
): Pod {
  const lastTransitionTime = new Date(nowSeconds * 1000);
  return {
    ...pod,
    spec: { ...pod.spec, nodeName: node },
    status: { phase, conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime }] },
  };
}

function runningPod(pod: Pod, { node, gpuMask }: SimPod, nowSeconds: number): Pod {
  const startedAt = new Date(nowSeconds * 1000);
  return {
    ...pod,
    status: {
      ...pod.status,
      phase: 'Running',
      startTime: startedAt,
      containerStatuses: [{ ...container(node, gpuMask), state: { running: { startedAt } } }],
    },
  };
}

function endedPod(
  pod: Pod,
  { node, gpuMask }: SimPod,
  how: Ending,
  nowSeconds: number,
  brokenGpu: number | undefined,
): Pod {
  const at = new Date(nowSeconds * 1000);
  if (how === 'group restart') {
    return { ...pod, metadata: { ...pod.metadata, deletionTimestamp: at } };
  }
  const startedAt = pod.status?.containerStatuses?.[0]?.state?.running?.startedAt ?? at;
  const exitCode = how === 'completed' ? 0 : 1;
  return {
    ...pod,
    status: {
      ...pod.status,
      phase: how === 'completed' ? 'Succeeded' : 'Failed',
      containerStatuses: [
        {
          ...container(node, gpuMask, brokenGpu),
          state: { terminated: { exitCode, startedAt, finishedAt: at } },
        },
      ],
    },
  };
}

function container(node: TrueNode, gpuMask: number, brokenGpu?: number): ContainerStatus {
  const held = Array.from({ length: 8 }, (_none, gpu) => gpu).filter(
    (gpu) => (gpuMask & (1 << gpu)) !== 0,
  );
  return {
    name: 'main',
    allocatedResourcesStatus: [
      {
        name: GPU,
        resources: held.map((gpu) => ({
          resourceID: `GPU-${node.name}-${gpu}`,
          health: gpu === brokenGpu ? 'Unhealthy' : 'Healthy',
        })),
      },
    ],
  };
}

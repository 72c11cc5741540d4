import { setTimeout as sleep } from 'node:timers/promises';
import {
  AppsV1Api,
  CoreV1Api,
  PatchStrategy,
  setHeaderOptions,
  type V1Pod,
  type V1PodTemplateSpec,
} from '@kubernetes/client-node';
import type { Fault, FaultScript, WorkloadEntry } from '../../../extender/fleet/script.ts';
import { CHECKPOINT } from '../../../webhook/words/keys.ts';
import type { Bed } from '../bed.ts';
import { CRASH, DEVICE_FAULT, GPU, REBOOT } from '../bed-keys.ts';
import { eventually } from '../eventually.ts';
import { type Hand, isRunning, nodeOf } from '../hand.ts';
import { indexedJob } from '../workloads.ts';
import type { Stage } from './outcome.ts';

const NAMESPACE = 'default';
const AS_MERGE_PATCH = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
const WORKLOAD = 'bed.surefoot.dev/workload';

/**
 * The same script on a real control plane: real controllers make the pods, kwok's stages carry out
 * what the script says. A group whose member has left is deleted and created again, as JobSet does.
 */
export class BedStage implements Stage {
  readonly #script: FaultScript;
  readonly #bed: Bed;
  readonly #hand: Hand;
  readonly #core: CoreV1Api;
  readonly #apps: AppsV1Api;
  readonly #faults: Fault[];
  #startedMs = 0;

  constructor(script: FaultScript, bed: Bed, hand: Hand) {
    this.#script = script;
    this.#bed = bed;
    this.#hand = hand;
    this.#core = bed.admin.makeApiClient(CoreV1Api);
    this.#apps = bed.admin.makeApiClient(AppsV1Api);
    this.#faults = [...script.faults];
  }

  /** Creates the workloads; the clock starts when all their pods run. */
  async begin(): Promise<void> {
    for (const entry of this.#script.workloads) await this.#create(entry);
    for (const { name, pods } of this.#script.workloads) {
      await eventually(
        `${pods} running pods of ${name}`,
        async () => (await this.#running(name)).length === pods,
        { timeoutSeconds: 60 },
      );
    }
    this.#startedMs = performance.now();
  }

  /** Removes what `begin` created. */
  async end(): Promise<void> {
    for (const { name, kind } of this.#script.workloads) {
      if (kind === 'replicas') {
        await this.#apps.deleteNamespacedDeployment({ name, namespace: NAMESPACE });
      } else if (kind === 'notebooks') {
        await this.#apps.deleteNamespacedStatefulSet({ name, namespace: NAMESPACE });
      }
    }
  }

  async reach(seconds: number): Promise<void> {
    for (;;) {
      const [next] = this.#faults;
      if (next === undefined || next.atSeconds > seconds) break;
      this.#faults.shift();
      await this.#sleepUntil(next.atSeconds);
      await this.#strike(next);
    }
    await this.#sleepUntil(seconds);
  }

  async nodesOf(workload: string): Promise<readonly string[]> {
    const entry = this.#entry(workload);
    const running = await this.#running(workload);
    if (entry.kind === 'replicas') return running.map(nodeOf);
    return Array.from({ length: entry.pods }, (_none, place) =>
      nodeOf(running.find((pod) => placeOf(pod) === place)),
    );
  }

  async incidentsOn(node: string): Promise<readonly string[]> {
    const known = await this.#bed.surefoot.node(node);
    return (known?.incidents ?? []).map(({ words }) => words);
  }

  async #strike(fault: Fault): Promise<void> {
    const entry = this.#entry(fault.workload);
    const running = await this.#running(fault.workload);
    const pod =
      entry.kind === 'replicas'
        ? running[fault.index]
        : running.find((one) => placeOf(one) === fault.index);
    if (pod === undefined) throw new Error(`no running pod of ${fault.workload}/${fault.index}`);
    switch (fault.kind) {
      case 'crash':
        await this.#hand.annotatePod(pod, { [CRASH]: String(fault.exitCode) });
        break;
      case 'breakDevice':
        await this.#withdrawOne(nodeOf(pod));
        await this.#hand.annotatePod(pod, { [DEVICE_FAULT]: '1' });
        break;
      case 'reboot':
        await this.#reboot(nodeOf(pod));
        return;
    }
    if (entry.kind !== 'group') return;
    await eventually('the member to have left', async () => {
      return (await this.#hand.pod(pod.metadata?.name ?? '')).status?.phase === 'Failed';
    });
    await this.#hand.deleteJob(fault.workload);
    await this.#create(entry);
  }

  async #withdrawOne(node: string): Promise<void> {
    const { status } = await this.#core.readNode({ name: node });
    await this.#hand.withdrawDevices(node, Number(status?.allocatable?.[GPU]) - 1);
  }

  /** Drained, booted anew, and open again when it is back. */
  async #reboot(name: string): Promise<void> {
    const cordon = (unschedulable: boolean) =>
      this.#core.patchNode({ name, body: { spec: { unschedulable } } }, AS_MERGE_PATCH);
    await cordon(true);
    for (const pod of await this.#hand.pods()) {
      if (nodeOf(pod) !== name || !isRunning(pod)) continue;
      const podName = pod.metadata?.name ?? '';
      await this.#core.createNamespacedPodEviction({
        name: podName,
        namespace: NAMESPACE,
        body: { metadata: { name: podName, namespace: NAMESPACE } },
      });
    }
    await this.#hand.annotateNode(name, { [REBOOT]: `boot-${performance.now()}` });
    await eventually('the node to be back', async () => {
      const { metadata, status } = await this.#core.readNode({ name });
      const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
      return ready && status?.nodeInfo?.bootID === metadata?.annotations?.[REBOOT];
    });
    await cordon(false);
  }

  async #create(entry: WorkloadEntry): Promise<void> {
    const { name, kind, pods } = entry;
    const template = templateOf(entry);
    const selector = { matchLabels: { [WORKLOAD]: name } };
    switch (kind) {
      case 'group': {
        const job = indexedJob(name, pods);
        Object.assign(job.spec ?? {}, { template });
        await this.#hand.createJob(job);
        break;
      }
      case 'replicas':
        await this.#apps.createNamespacedDeployment({
          namespace: NAMESPACE,
          body: { metadata: { name }, spec: { replicas: pods, selector, template } },
        });
        break;
      case 'notebooks':
        await this.#apps.createNamespacedStatefulSet({
          namespace: NAMESPACE,
          body: {
            metadata: { name },
            spec: {
              replicas: pods,
              serviceName: name,
              podManagementPolicy: 'Parallel',
              selector,
              template,
            },
          },
        });
        break;
      case 'jobs':
        throw new Error('the bed plays groups, replicas and notebooks');
    }
  }

  #entry(workload: string): WorkloadEntry {
    const entry = this.#script.workloads.find(({ name }) => name === workload);
    if (entry === undefined) throw new Error(`the script has no workload ${workload}`);
    return entry;
  }

  async #running(workload: string): Promise<readonly V1Pod[]> {
    return (await this.#hand.pods(`${WORKLOAD}=${workload}`)).filter(isRunning);
  }

  async #sleepUntil(seconds: number): Promise<void> {
    await sleep(Math.max(0, this.#startedMs + seconds * 1000 - performance.now()));
  }
}

function templateOf({
  name,
  kind,
  gpus,
  image,
  checkpointSeconds,
}: WorkloadEntry): V1PodTemplateSpec {
  const checkpoint =
    checkpointSeconds === undefined ? {} : { [CHECKPOINT]: `${checkpointSeconds}s` };
  return {
    metadata: {
      labels: { [WORKLOAD]: name },
      annotations: { 'surefoot.dev/profile': 'nvidia', ...checkpoint },
    },
    spec: {
      restartPolicy: kind === 'group' ? 'Never' : 'Always',
      containers: [{ name: 'main', image, resources: { limits: { [GPU]: String(gpus) } } }],
    },
  };
}

function placeOf({ metadata = {} }: V1Pod): number {
  const { annotations = {}, name = '' } = metadata;
  return Number(annotations['batch.kubernetes.io/job-completion-index'] ?? name.split('-').at(-1));
}

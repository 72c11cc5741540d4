import { setTimeout as sleep } from 'node:timers/promises';
import {
  BatchV1Api,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1Job,
  type V1Pod,
} from '@kubernetes/client-node';
import { GPU } from './bed-keys.ts';
import { eventually } from './eventually.ts';

const NAMESPACE = 'default';
const AS_STRATEGIC_PATCH = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch);
const AS_MERGE_PATCH = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

/** What a test does on a cluster, in the words of a test. */
export class Hand {
  readonly core: CoreV1Api;
  readonly #batch: BatchV1Api;

  constructor(config: KubeConfig) {
    this.core = config.makeApiClient(CoreV1Api);
    this.#batch = config.makeApiClient(BatchV1Api);
  }

  createPod(body: V1Pod, namespace = NAMESPACE): Promise<V1Pod> {
    return this.core.createNamespacedPod({ namespace, body });
  }

  createJob(body: V1Job): Promise<V1Job> {
    return this.#batch.createNamespacedJob({ namespace: NAMESPACE, body });
  }

  /** After the API server was away the garbage collector lists anew only after up to 60 s. */
  async deleteJob(name: string, timeoutSeconds = 90): Promise<void> {
    await this.#batch.deleteNamespacedJob({
      name,
      namespace: NAMESPACE,
      propagationPolicy: 'Background',
    });
    const areGone = async () => (await this.pods(`job-name=${name}`)).length === 0;
    await eventually(`the pods of ${name} to be gone`, areGone, { timeoutSeconds });
  }

  async pods(labelSelector?: string): Promise<readonly V1Pod[]> {
    const { items } = await this.core.listNamespacedPod({
      namespace: NAMESPACE,
      ...(labelSelector !== undefined && { labelSelector }),
    });
    return items;
  }

  pod(name: string): Promise<V1Pod> {
    return this.core.readNamespacedPod({ name, namespace: NAMESPACE });
  }

  /** The pods that fill a Job's indexes now, by index, once all of them run. */
  runningByIndex(
    job: string,
    count: number,
    timeoutSeconds = 60,
  ): Promise<ReadonlyMap<string, V1Pod>> {
    return eventually(
      `${count} running pods of ${job}`,
      async () => {
        const running = (await this.pods(`job-name=${job}`)).filter(isRunning);
        return running.length === count && new Map(running.map((pod) => [indexOf(pod), pod]));
      },
      // Reading hundreds of pods takes what those who place them need, too.
      { timeoutSeconds, intervalMs: 100 + 2 * count },
    );
  }

  runningPod(name: string, timeoutSeconds = 60): Promise<V1Pod> {
    return eventually(
      `pod ${name} to run`,
      async () => {
        const pod = await this.pod(name);
        if (isRunning(pod)) return pod;
        throw new Error(`it is ${JSON.stringify(pod.status)}, gates ${gatesOf(pod)}`);
      },
      { timeoutSeconds },
    );
  }

  async annotatePod(pod: V1Pod, annotations: Record<string, string>): Promise<void> {
    const { name = '', namespace = '' } = pod.metadata ?? {};
    await this.core.patchNamespacedPod(
      { name, namespace, body: { metadata: { annotations } } },
      AS_MERGE_PATCH,
    );
  }

  async annotateNode(name: string, annotations: Record<string, string | null>): Promise<void> {
    await this.core.patchNode({ name, body: { metadata: { annotations } } }, AS_MERGE_PATCH);
  }

  async patchNodeStatus(name: string, status: object): Promise<void> {
    await this.core.patchNodeStatus({ name, body: { status } }, AS_MERGE_PATCH);
  }

  /** A node that offers fewer devices than it has, as a plugin leaves it that lost some. */
  withdrawDevices(name: string, left: number): Promise<void> {
    return this.patchNodeStatus(name, { allocatable: { [GPU]: String(left) } });
  }

  /** Conditions beside those that the node has. */
  async setConditions(
    name: string,
    conditions: readonly { type: string; status: string; reason?: string; message?: string }[],
  ): Promise<void> {
    const lastTransitionTime = new Date().toISOString();
    const body = {
      status: { conditions: conditions.map((one) => ({ ...one, lastTransitionTime })) },
    };
    await this.core.patchNodeStatus({ name, body }, AS_STRATEGIC_PATCH);
  }

  async patchNode(name: string, body: object): Promise<void> {
    await this.core.patchNode({ name, body }, AS_MERGE_PATCH);
  }

  /** An Event about a node, as agents write them. */
  async tellEvent(
    node: string,
    { component, ...event }: { component: string; reason: string; message: string; type: string },
  ): Promise<void> {
    await this.core.createNamespacedEvent({
      namespace: 'default',
      body: {
        metadata: { generateName: `${node}.` },
        involvedObject: { kind: 'Node', name: node, uid: node },
        source: { component },
        firstTimestamp: new Date(),
        lastTimestamp: new Date(),
        count: 1,
        ...event,
      },
    });
  }

  giveImage(name: string, image: string, sizeBytes: number): Promise<void> {
    return this.patchNodeStatus(name, { images: [{ names: [image], sizeBytes }] });
  }

  deletePod(name: string, gracePeriodSeconds?: number): Promise<V1Pod> {
    return this.core.deleteNamespacedPod({
      name,
      namespace: NAMESPACE,
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    });
  }

  /** `null` takes a label away. */
  async labelNamespace(name: string, labels: Record<string, string | null>): Promise<void> {
    await this.core.patchNamespace({ name, body: { metadata: { labels } } }, AS_MERGE_PATCH);
  }

  /**
   * Deletes a Job and does not wait for its pods to end, as group controllers do. Pods that are to have another grace
   * than their own have to be deleted before: an orphan's slot would be another one.
   */
  async deleteJobOnly(name: string): Promise<void> {
    await this.#batch.deleteNamespacedJob({
      name,
      namespace: NAMESPACE,
      propagationPolicy: 'Background',
    });
    await eventually(`the Job ${name} to be gone`, async () => {
      const { items } = await this.#batch.listNamespacedJob({ namespace: NAMESPACE });
      return items.every(({ metadata }) => metadata?.name !== name);
    });
  }

  /** Ends every pod and Job, so that the next test finds free nodes. */
  async clear(): Promise<void> {
    await this.#batch.deleteCollectionNamespacedJob({
      namespace: NAMESPACE,
      propagationPolicy: 'Background',
    });
    await eventually('the namespace to be empty', async () => {
      await this.core.deleteCollectionNamespacedPod({
        namespace: NAMESPACE,
        gracePeriodSeconds: 0,
      });
      const { items: jobs } = await this.#batch.listNamespacedJob({ namespace: NAMESPACE });
      return jobs.length === 0 && (await this.pods()).length === 0;
    });
    // The schedulers hear of it a moment later, and until then believe the nodes to be full.
    await sleep(500);
  }

  /** Nodes with more devices bound than they offer, in words; empty when all is well. */
  async overbookedNodes(): Promise<readonly string[]> {
    const { items: nodes } = await this.core.listNode();
    const { items: pods } = await this.core.listPodForAllNamespaces();
    return nodes.flatMap(({ metadata, status }) => {
      const offered = Number(status?.allocatable?.[GPU] ?? 0);
      const bound = pods
        .filter((pod) => pod.spec?.nodeName === metadata?.name && holds(pod))
        .reduce((sum, pod) => sum + gpusOf(pod), 0);
      return bound > offered ? [`${metadata?.name}: ${bound} bound of ${offered}`] : [];
    });
  }
}

function gatesOf({ spec }: V1Pod): string {
  return spec?.schedulingGates?.map(({ name }) => name).join(', ') ?? 'none';
}

export function isRunning(pod: V1Pod): boolean {
  return pod.status?.phase === 'Running' && pod.metadata?.deletionTimestamp === undefined;
}

export function nodeOf(pod: V1Pod | undefined): string {
  return pod?.spec?.nodeName ?? '';
}

function indexOf({ metadata }: V1Pod): string {
  return metadata?.annotations?.['batch.kubernetes.io/job-completion-index'] ?? '';
}

function holds({ status }: V1Pod): boolean {
  return status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

function gpusOf({ spec }: V1Pod): number {
  return (spec?.containers ?? []).reduce(
    (sum, { resources }) => sum + Number(resources?.requests?.[GPU] ?? 0),
    0,
  );
}

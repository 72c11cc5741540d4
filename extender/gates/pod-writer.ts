import type { KubeConfig } from '@kubernetes/client-node';
import { httpStatusOf } from '../../certs/cluster/api-error.ts';
import { type RawResponse, rawRequest, refusal } from '../../certs/cluster/raw-request.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import { gatedPod, WITHOUT_HOME_GATE } from '../facts/gated.ts';

/** One pod, as it was last seen. */
export interface PodVersion {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  /** Whether it has no gate but ours; none can be added to a pod that is there. */
  readonly isLastGate?: boolean;
}

/** What the lifter may do to pods. Refusals are ApiErrors: 404 and 422 for a pod that is gone, 409 for one that changed. */
export interface PodWriter {
  /** Says where the pod is expected, or with `null` that it is not; gives the pod's new version. */
  nominate(pod: PodVersion, node: string | null): Promise<PodVersion>;
  /** Takes our gate off, and no other. `anyVersion`: also when the pod has changed since. */
  lift(pod: PodVersion, options?: { readonly anyVersion?: boolean }): Promise<void>;
  /** The pod as it is now; `undefined` when it is gone. */
  get(pod: Pick<PodVersion, 'namespace' | 'name'>): Promise<Pod | undefined>;
  /** Tries to change what only a policy keeps us from, and nothing comes of it; gives the API server's answer. */
  tryForbidden(pod: Pick<PodVersion, 'namespace' | 'name'>): Promise<RawResponse>;
  /** Tries to lift the gate, and nothing comes of it. */
  tryLift(pod: PodVersion): Promise<RawResponse>;
  /** Some pod of the namespace. */
  anyPodIn(namespace: string): Promise<Pod | undefined>;
}

const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
/** A `null` in the place of the list costs the API server less, and takes every gate. */
const WITHOUT_ANY = { schedulingGates: null };
const DRY = '?dryRun=All';

/** Writes to the pods of a cluster. */
export function podWriter(config: KubeConfig): PodWriter {
  async function patched(path: string, contentType: string, body: object): Promise<Pod> {
    const { status, text } = await rawRequest(config, 'PATCH', path, { contentType, body });
    if (status !== 200) throw refusal(status, text);
    return JSON.parse(text) as Pod;
  }
  const tried = (path: string, contentType: string, body: object) =>
    rawRequest(config, 'PATCH', path + DRY, { contentType, body });
  return {
    async nominate(pod, node) {
      const { uid, resourceVersion } = pod;
      const { metadata } = await patched(`${pathOf(pod)}/status`, MERGE, {
        metadata: { uid, resourceVersion },
        status: { nominatedNodeName: node },
      });
      return { ...pod, resourceVersion: metadata.resourceVersion ?? resourceVersion };
    },
    async lift(pod, { anyVersion = false } = {}) {
      const metadata = versionOf(pod, anyVersion);
      await (pod.isLastGate === true
        ? patched(pathOf(pod), MERGE, { metadata, spec: WITHOUT_ANY })
        : patched(pathOf(pod), STRATEGIC, { metadata, spec: WITHOUT_HOME_GATE }));
    },
    async get(pod) {
      const { status, text } = await rawRequest(config, 'GET', pathOf(pod));
      if (status === 404) return undefined;
      if (status !== 200) throw refusal(status, text);
      return JSON.parse(text) as Pod;
    },
    tryForbidden: (pod) =>
      tried(pathOf(pod), MERGE, { metadata: { annotations: { 'surefoot.dev/policy-probe': '' } } }),
    tryLift: (pod) =>
      tried(pathOf(pod), STRATEGIC, { metadata: { uid: pod.uid }, spec: WITHOUT_HOME_GATE }),
    async anyPodIn(namespace) {
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?limit=1`;
      const { status, text } = await rawRequest(config, 'GET', path);
      if (status !== 200) throw refusal(status, text);
      return (JSON.parse(text) as { items?: readonly Pod[] }).items?.[0];
    },
  };
}

function versionOf({ uid, resourceVersion }: PodVersion, anyVersion: boolean): object {
  return anyVersion ? { uid } : { uid, resourceVersion };
}

function pathOf({ namespace, name }: Pick<PodVersion, 'namespace' | 'name'>): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
}

/** Whether it is the same pod, and waits at our gate. */
export function isStillGated({ uid }: PodVersion, now: Pod | undefined): boolean {
  return now?.metadata.uid === uid && gatedPod(now) !== undefined;
}

/** Lifts the gate; false where somebody else has, or the pod is gone. Rejects where it still waits. */
export async function liftIfGated(
  writer: Pick<PodWriter, 'lift' | 'get'>,
  pod: PodVersion,
): Promise<boolean> {
  try {
    await writer.lift(pod, { anyVersion: true });
    return true;
  } catch (error) {
    if (httpStatusOf(error) === undefined) throw error;
    if (isStillGated(pod, await writer.get(pod))) throw error;
    return false;
  }
}

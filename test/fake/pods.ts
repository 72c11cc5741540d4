import { ApiError } from '../../certs/cluster/api-error.ts';
import type { RawResponse } from '../../certs/cluster/raw-request.ts';
import type { PodVersion, PodWriter } from '../../extender/gates/pod-writer.ts';
import { HOME_GATE } from '../../webhook/words/keys.ts';
import type { Pod } from '../../webhook/words/pod.ts';

const DENIED = "ValidatingAdmissionPolicy 'surefoot-lifter' denied: the lifter changes no metadata";

/** Pods as the API server keeps them, as far as the lifter changes them; tells whoever watches. */
export class FakePods implements PodWriter {
  readonly #pods = new Map<string, Pod>();
  readonly #onChange: (pod: Pod) => void;
  #version = 1;
  /** What was asked, in order. */
  readonly asked: string[] = [];
  /** Statuses for the next writes; what is asked for is not done then. */
  readonly failures: number[] = [];
  /** Whether the policy is there that keeps us from everything else. */
  hasPolicy = true;
  /** The API server does not answer. */
  isAway = false;

  constructor(onChange: (pod: Pod) => void = () => {}) {
    this.#onChange = onChange;
  }

  put(pod: Pod): Pod {
    this.#version += 1;
    const kept = { ...pod, metadata: { ...pod.metadata, resourceVersion: `${this.#version}` } };
    this.#pods.set(keyOf(pod.metadata), kept);
    this.#onChange(kept);
    return kept;
  }

  delete(pod: Pod): void {
    this.#pods.delete(keyOf(pod.metadata));
  }

  async nominate(pod: PodVersion, node: string | null): Promise<PodVersion> {
    this.asked.push(node === null ? `withdraw ${pod.name}` : `nominate ${pod.name} ${node}`);
    const now = this.#found(pod, pod.resourceVersion);
    if (now.spec.nodeName) throw new ApiError(422, 'a bound pod may not be nominated');
    const { nominatedNodeName: _before, ...status } = now.status ?? {};
    const nominated = node === null ? {} : { nominatedNodeName: node };
    const { metadata } = this.put({ ...now, status: { ...status, ...nominated } });
    return { ...pod, resourceVersion: metadata.resourceVersion ?? '' };
  }

  async lift(pod: PodVersion, { anyVersion = false } = {}): Promise<void> {
    this.asked.push(`lift ${pod.name}`);
    const now = this.#found(pod, anyVersion ? undefined : pod.resourceVersion);
    const gates = now.spec.schedulingGates ?? [];
    if (!gates.some(({ name }) => name === HOME_GATE)) throw new ApiError(403, 'no gate to lift');
    const schedulingGates = gates.filter(({ name }) => name !== HOME_GATE);
    this.put({ ...now, spec: { ...now.spec, schedulingGates } });
  }

  async get(pod: Pick<PodVersion, 'namespace' | 'name'>): Promise<Pod | undefined> {
    this.#answer();
    return this.#pods.get(keyOf(pod));
  }

  async tryForbidden(pod: Pick<PodVersion, 'namespace' | 'name'>): Promise<RawResponse> {
    this.#answer();
    if (!this.#pods.has(keyOf(pod))) return { status: 404, text: 'not found', warnings: [] };
    const status = this.failures.shift();
    if (status !== undefined) return { status, text: 'cannot patch pods', warnings: [] };
    return this.hasPolicy
      ? { status: 403, text: DENIED, warnings: [] }
      : { status: 200, text: '{}', warnings: [] };
  }

  async tryLift(pod: PodVersion): Promise<RawResponse> {
    this.#answer();
    const status = this.failures.shift() ?? (this.#pods.has(keyOf(pod)) ? 200 : 404);
    return { status, text: status === 200 ? '{}' : 'refused', warnings: [] };
  }

  async anyPodIn(namespace: string): Promise<Pod | undefined> {
    this.#answer();
    return this.#pods.values().find(({ metadata }) => metadata.namespace === namespace);
  }

  #answer(): void {
    if (this.isAway) throw new Error('connect ECONNREFUSED');
  }

  #found(pod: PodVersion, resourceVersion: string | undefined): Pod {
    this.#answer();
    const failure = this.failures.shift();
    if (failure !== undefined) throw new ApiError(failure, 'refused');
    const now = this.#pods.get(keyOf(pod));
    if (now === undefined) throw new ApiError(404, 'not found');
    if (now.metadata.uid !== pod.uid) throw new ApiError(422, 'another pod of that name');
    if (resourceVersion !== undefined && now.metadata.resourceVersion !== resourceVersion) {
      throw new ApiError(409, 'changed');
    }
    return now;
  }
}

function keyOf({ namespace, name }: { namespace?: string; name?: string }): string {
  return `${namespace}/${name}`;
}

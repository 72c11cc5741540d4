import type { NamespaceOptIn } from '../../webhook/words/opt-in.ts';
import type { PodFacts } from '../facts/facts.ts';
import { type CreatedPod, hasOptedIn, unpreparedAmong } from '../facts/unprepared.ts';

/** What the watch has shown of a pod. */
function createdPod(
  pod: PodFacts,
  { namespaceOptIn, acts }: UnpreparedPodsDeps,
): CreatedPod & PodFacts {
  const { namespace, expectations } = pod;
  return {
    ...pod,
    isForUs:
      expectations !== undefined && acts(namespace) && hasOptedIn(pod, namespaceOptIn(namespace)),
    waits: pod.phase === 'Pending' && pod.node === undefined && !pod.isTerminating,
  };
}

/** What such a pod is told. */
export const NOT_PREPARED = {
  reason: 'NotPrepared',
  type: 'Warning',
  note: 'created without what its profile adds, because the webhook did not answer the API server in time; if the pod cannot start, delete it: its owner makes another one, which is prepared',
} as const;

export interface UnpreparedPodsDeps {
  readonly pods: () => Iterable<PodFacts>;
  readonly namespaceOptIn: (name: string) => NamespaceOptIn;
  /** Whether the installation acts in a namespace, or observes. */
  readonly acts: (namespace: string) => boolean;
  readonly isLeader: () => boolean;
  /** Called once for each pod. */
  readonly onFound: (pod: PodFacts) => void;
}

/** Looks now and then, on the replica that leads, for pods that came in unprepared and wait. */
export class UnpreparedPods {
  readonly #deps: UnpreparedPodsDeps;
  #told: ReadonlySet<string> = new Set();

  constructor(deps: UnpreparedPodsDeps) {
    this.#deps = deps;
  }

  /** How many wait, as of the last look. */
  get count(): number {
    return this.#told.size;
  }

  round(): void {
    const { pods, isLeader, onFound } = this.#deps;
    if (!isLeader()) {
      this.#told = new Set();
      return;
    }
    const created = Array.from(pods(), (pod) => createdPod(pod, this.#deps));
    const found = unpreparedAmong(created);
    for (const pod of found) if (!this.#told.has(pod.uid)) onFound(pod);
    this.#told = new Set(found.map(({ uid }) => uid));
  }
}

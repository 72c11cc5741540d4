import {
  PatchStrategy,
  setHeaderOptions,
  type V1ContainerStatus,
  type V1Pod,
} from '@kubernetes/client-node';
import { GPU } from './bed-keys.ts';
import { type Hand, nodeOf } from './hand.ts';

const AS_MERGE_PATCH = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

/** What a kubelet says of a pod that goes on running. */
export class KubeletVoice {
  readonly #hand: () => Hand;

  constructor(hand: () => Hand) {
    this.#hand = hand;
  }

  /** The health of its first device. */
  tellHealth(pod: V1Pod, health: 'Healthy' | 'Unhealthy'): Promise<void> {
    const resources = [{ resourceID: `GPU-${nodeOf(pod)}-0`, health }];
    return this.#tell(pod, { allocatedResourcesStatus: [{ name: GPU, resources }] });
  }

  /** How often its container was started anew. */
  tellRestarts(pod: V1Pod, restartCount: number): Promise<void> {
    return this.#tell(pod, { restartCount });
  }

  async #tell({ metadata }: V1Pod, change: Partial<V1ContainerStatus>): Promise<void> {
    const { name = '', namespace = '' } = metadata ?? {};
    const { core } = this.#hand();
    // A patch replaces the whole list: what the kubelet has said of the container stays.
    const { status } = await core.readNamespacedPod({ name, namespace });
    const containerStatuses = (status?.containerStatuses ?? []).map((one) => ({
      ...one,
      ...change,
    }));
    const body = { status: { containerStatuses } };
    await core.patchNamespacedPodStatus({ name, namespace, body }, AS_MERGE_PATCH);
  }
}

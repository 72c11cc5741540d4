import type { KubeConfig, V1Node, V1Taint } from '@kubernetes/client-node';
import { httpStatusOf } from '../../certs/cluster/api-error.ts';
import { ApiObjects } from '../../certs/cluster/api-objects.ts';
import { NODES } from '../../certs/cluster/collections.ts';
import { HAZARD, HAZARD_REASON } from '../../webhook/words/keys.ts';
import type { HazardClass } from '../hazard/pod-hazard.ts';

/** The hazard label of a node, why, and whether there is a taint, too. */
export interface HazardMark {
  readonly hazard: Exclude<HazardClass, 'normal'>;
  readonly words: string;
  readonly isTainted: boolean;
}

/** Labels to add and to take away. */
export interface HomeLabels {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Writes what Surefoot puts on nodes. Refusals are ApiErrors. */
export interface NodeWriter {
  /** `undefined`: takes label, annotation and taint away. */
  writeHazard(node: string, mark: HazardMark | undefined): Promise<void>;
  /** Labels of slots that have their home there, or have it no more. */
  writeHomes(node: string, labels: HomeLabels): Promise<void>;
}

/** Others change nodes, too: so often is it tried with what they have made of one. */
const MOST_ATTEMPTS = 5;

/**
 * Nodes of a cluster: labels, an annotation and a taint of ours, and nothing else. Taints are one
 * value to the API server, whatever the patch: they are written only when ours changes, with all the others, and
 * only if nobody has changed the node since they were read.
 */
export function nodeWriter(config: KubeConfig): NodeWriter {
  const api = new ApiObjects<V1Node>(config, NODES);
  async function attempt(name: string, mark: HazardMark | undefined): Promise<void> {
    const { metadata, spec } = await api.get(name);
    const before = spec?.taints ?? [];
    const taints = withOurs(before, mark);
    const isSame = JSON.stringify(taints) === JSON.stringify(before);
    const body = {
      metadata: {
        labels: { [HAZARD]: mark?.hazard ?? null },
        annotations: { [HAZARD_REASON]: mark?.words ?? null },
        ...(!isSame && { resourceVersion: metadata?.resourceVersion }),
      },
      ...(!isSame && { spec: { taints } }),
    };
    await api.mergePatch(name, body);
  }
  return {
    async writeHazard(name, mark) {
      for (let attempts = 1; ; attempts += 1) {
        try {
          return await attempt(name, mark);
        } catch (error) {
          if (httpStatusOf(error) !== 409 || attempts === MOST_ATTEMPTS) throw error;
        }
      }
    },
    async writeHomes(name, { added, removed }) {
      const labels = Object.fromEntries([
        ...removed.map((label) => [label, null] as const),
        ...added.map((label) => [label, ''] as const),
      ]);
      await api.mergePatch(name, { metadata: { labels } });
    },
  };
}

function withOurs(taints: readonly V1Taint[], mark: HazardMark | undefined): readonly V1Taint[] {
  const others = taints.filter(({ key }) => key !== HAZARD);
  return mark?.isTainted === true
    ? [...others, { key: HAZARD, value: mark.hazard, effect: 'PreferNoSchedule' }]
    : others;
}

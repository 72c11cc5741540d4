import type { Pod } from './pod.ts';

/** A pod as it is sent may have null where it has no labels or annotations; this one has empty ones. */
export function withMaps(pod: Pod): Pod {
  const { labels, annotations, ...metadata } = pod.metadata;
  return {
    ...pod,
    metadata: { ...metadata, labels: labels ?? {}, annotations: annotations ?? {} },
  };
}

import type { NodeSelectorTerm, Pod } from './pod.ts';

/** What a pod's own words leave of the choice of a node, beside devices and taints. */
export type NodeChoice =
  | { readonly kind: 'any' }
  /** Its selectors, affinities, volumes or claims rule nodes out, which only its scheduler can tell. */
  | { readonly kind: 'some' }
  /** It names the one node. */
  | { readonly kind: 'one'; readonly node: string; readonly by: string };

const ANY: NodeChoice = { kind: 'any' };
const SOME: NodeChoice = { kind: 'some' };
const HOSTNAME = 'kubernetes.io/hostname';
/** Labels that Kueue gives pods whose nodes it chooses (topology-aware scheduling). */
const OF_KUEUE = ['kueue.x-k8s.io/podset', 'kueue.x-k8s.io/tas'];

export function nodeChoiceOf({ metadata, spec }: Pod): NodeChoice {
  const { nodeSelector = {}, affinity = {}, topologySpreadConstraints = [] } = spec;
  const terms =
    affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const node = nodeSelector[HOSTNAME] ?? onlyNodeIn(terms ?? []);
  if (node !== undefined) {
    const isKueues = OF_KUEUE.some((label) => metadata.labels?.[label] !== undefined);
    return { kind: 'one', node, by: isKueues ? 'Kueue' : 'its own node selector' };
  }
  const isNarrowed =
    Object.keys(nodeSelector).length > 0 ||
    terms !== undefined ||
    affinity.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined ||
    affinity.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined ||
    topologySpreadConstraints.some((one) => one.whenUnsatisfiable !== 'ScheduleAnyway') ||
    (spec.volumes ?? []).some((volume) => volume.persistentVolumeClaim !== undefined) ||
    (spec.resourceClaims ?? []).length > 0;
  return isNarrowed ? SOME : ANY;
}

/** Terms are alternatives, and what is in one of them holds together. */
function onlyNodeIn(terms: readonly NodeSelectorTerm[]): string | undefined {
  const [term, ...others] = terms;
  if (term === undefined || others.length > 0) return undefined;
  const named = [
    ...(term.matchFields ?? []).filter(({ key }) => key === 'metadata.name'),
    ...(term.matchExpressions ?? []).filter(({ key }) => key === HOSTNAME),
  ].find(({ operator, values = [] }) => operator === 'In' && values.length === 1);
  return named?.values?.[0];
}

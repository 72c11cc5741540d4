import type { NodeSelectorTerm, Pod } from '../../webhook/words/pod.ts';

interface Requirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

/**
 * Why nobody but a scheduler can tell which nodes would take the pod; `undefined` where its node selector and required
 * node affinity say all.
 */
export function whyUntold({ spec }: Pod): string | undefined {
  const { affinity = {}, topologySpreadConstraints = [], volumes = [], resourceClaims = [] } = spec;
  const needs = 'requiredDuringSchedulingIgnoredDuringExecution';
  if (affinity.podAffinity?.[needs] !== undefined) return 'it has to be near other pods';
  if (affinity.podAntiAffinity?.[needs] !== undefined) return 'it has to be away from other pods';
  if (topologySpreadConstraints.some((one) => one.whenUnsatisfiable !== 'ScheduleAnyway')) {
    return 'it has to be spread';
  }
  if (volumes.some((volume) => volume.persistentVolumeClaim !== undefined)) {
    return 'a volume may tie it to some nodes';
  }
  return resourceClaims.length > 0 ? 'its devices are of claims' : undefined;
}

/** Whether its node selector and its required node affinity let the pod onto a node of these labels. */
export function letsOnto(
  pod: Pod,
  { name, labels }: { readonly name: string; readonly labels: Readonly<Record<string, string>> },
): boolean {
  const { nodeSelector = {} } = pod.spec;
  if (!Object.entries(nodeSelector).every(([key, value]) => labels[key] === value)) return false;
  const terms = requiredTermsOf(pod);
  // Terms are alternatives; one without a requirement matches nothing.
  return terms === undefined || terms.some((term) => matchesTerm(term, labels, name));
}

/** The alternatives of its required node affinity; `undefined` where it has none. */
export function requiredTermsOf({ spec }: Pod): readonly NodeSelectorTerm[] | undefined {
  return spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    ?.nodeSelectorTerms;
}

function matchesTerm(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  labels: Readonly<Record<string, string>>,
  name: string,
): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return (
    matchExpressions.every((one) => meets(one, labels[one.key ?? ''])) &&
    matchFields.every((one) => one.key === 'metadata.name' && meets(one, name))
  );
}

/** As kubernetes apimachinery pkg/labels has it: what is not there is not in a list, and is no number. */
function meets({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return isNumber(value) && Number(value) > Number(values[0]);
    case 'Lt':
      return isNumber(value) && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

function isNumber(value: string | undefined): boolean {
  return value !== undefined && /^-?\d{1,15}$/.test(value);
}

import { add, injecting, NOTHING, type Ruling } from '../words/injection.ts';
import { HAZARD } from '../words/keys.ts';
import type { Pod } from '../words/pod.ts';
import type { DeviceProfile } from '../words/profile.ts';

/**
 * Points of the plugin NodeAffinity that a node loses, of 100: a node of elevated hazard a third, one of
 * high hazard all. A static term: what depends on history is the label.
 */
const ANY_HAZARD_WEIGHT = 34;
const HIGH_HAZARD_WEIGHT = 66;

const AFFINITY = '/spec/affinity';
const NODE_AFFINITY = `${AFFINITY}/nodeAffinity`;
const PREFERRED = `${NODE_AFFINITY}/preferredDuringSchedulingIgnoredDuringExecution`;

/** The pod softly prefers nodes whose devices fail no more than usual, unless it says something of that itself. */
export function avoidHazard({ spec }: Pod, { avoidHazard: isWanted }: DeviceProfile): Ruling {
  if (isWanted !== true) return NOTHING;
  const nodeAffinity = spec.affinity?.nodeAffinity;
  const preferred = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const terms = [
    ...(preferred ?? []).map(({ preference }) => preference),
    ...(required?.nodeSelectorTerms ?? []),
  ];
  const saysIt = terms.some((term) => term?.matchExpressions?.some(({ key }) => key === HAZARD));
  if (saysIt) return NOTHING;
  return injecting(
    'softly away from nodes of elevated or high hazard',
    ...(spec.affinity == null ? [add(AFFINITY, {})] : []),
    ...(nodeAffinity == null ? [add(NODE_AFFINITY, {})] : []),
    ...(preferred == null ? [add(PREFERRED, [])] : []),
    add(`${PREFERRED}/-`, without(['elevated', 'high'], ANY_HAZARD_WEIGHT)),
    add(`${PREFERRED}/-`, without(['high'], HIGH_HAZARD_WEIGHT)),
  );
}

/** `NotIn` takes nodes that have no such label, too. */
function without(values: readonly string[], weight: number): object {
  return {
    weight,
    preference: { matchExpressions: [{ key: HAZARD, operator: 'NotIn', values }] },
  };
}

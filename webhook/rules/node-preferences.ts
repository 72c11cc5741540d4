import { homeLabelOf } from '../words/home-label.ts';
import { add, type Injection, type PatchOperation, type Ruling } from '../words/injection.ts';
import { HAZARD } from '../words/keys.ts';
import type { Pod } from '../words/pod.ts';
import type { DeviceProfile } from '../words/profile.ts';
import type { Reason } from '../words/reason.ts';
import { withMaps } from '../words/with-maps.ts';
import { slotOf, tellsSlot } from '../words/workload.ts';

/**
 * Points of the plugin NodeAffinity that a node loses, of 100: a node of elevated hazard a third, one of
 * high hazard all. Static terms, all of them: what depends on history is the label.
 */
const ANY_HAZARD_WEIGHT = 34;
const HIGH_HAZARD_WEIGHT = 66;
/**
 * As much as both together, and no node that has a hazard's mark is marked as a home. The plugin scales its best
 * node to 100 points and counts twice: other nodes have 100 less than a home, as much as any one plugin of
 * weight 1 can give them.
 */
const HOME_WEIGHT = 100;

const AFFINITY = '/spec/affinity';
const NODE_AFFINITY = `${AFFINITY}/nodeAffinity`;
const PREFERRED = `${NODE_AFFINITY}/preferredDuringSchedulingIgnoredDuringExecution`;

interface Expression {
  readonly key: string;
  readonly operator: 'NotIn' | 'Exists';
  readonly values?: readonly string[];
}
interface WeightedTerm {
  readonly weight: number;
  readonly expression: Expression;
}
interface Preference {
  readonly words: string;
  readonly terms: readonly WeightedTerm[];
}

/**
 * Soft preferences for schedulers that do not ask us: away from nodes whose devices fail more than usual, towards the
 * one that the pod's slot has left. What the pod says itself of either label stands.
 */
export function nodePreferences(sent: Pod, profile: DeviceProfile): Ruling {
  const pod = withMaps(sent);
  const said = keysIn(pod);
  const isOpen = ({ terms }: Preference) =>
    !terms.some(({ expression }) => said.has(expression.key));
  const isWithoutSlot = profile.preferHome === true && !tellsSlot(pod);
  const preferences = [
    ...(profile.avoidHazard === true ? [AWAY_FROM_HAZARD] : []),
    ...(profile.preferHome === true && !isWithoutSlot ? [towardsHome(pod)] : []),
  ].filter(isOpen);
  return {
    injections: preferences.map(({ words, terms }, index): Injection => {
      const added = terms.map(({ weight, expression }) =>
        add(`${PREFERRED}/-`, { weight, preference: { matchExpressions: [expression] } }),
      );
      return { words, operations: [...(index === 0 ? parentsIn(pod) : []), ...added] };
    }),
    declined: isWithoutSlot ? [SLOT_UNKNOWN] : [],
  };
}

const SLOT_UNKNOWN: Reason = {
  code: 'SlotUnknown',
  words: 'it has no name yet, so nobody knows which home is its own',
};

const AWAY_FROM_HAZARD: Preference = {
  words: 'softly away from nodes of elevated or high hazard',
  terms: [without(['elevated', 'high'], ANY_HAZARD_WEIGHT), without(['high'], HIGH_HAZARD_WEIGHT)],
};

/** `NotIn` takes nodes that have no such label, too. */
function without(values: readonly string[], weight: number): WeightedTerm {
  return { weight, expression: { key: HAZARD, operator: 'NotIn', values } };
}

function towardsHome(pod: Pod): Preference {
  const expression: Expression = { key: homeLabelOf(slotOf(pod).key), operator: 'Exists' };
  return {
    words: 'softly towards the node that the same slot has left',
    terms: [{ weight: HOME_WEIGHT, expression }],
  };
}

/** Labels of which the pod's node affinity says something. */
function keysIn({ spec }: Pod): ReadonlySet<string | undefined> {
  const nodeAffinity = spec.affinity?.nodeAffinity;
  const preferred = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const terms = [
    ...preferred.map(({ preference }) => preference),
    ...(required?.nodeSelectorTerms ?? []),
  ];
  return new Set(terms.flatMap((term) => term?.matchExpressions?.map(({ key }) => key) ?? []));
}

/** What has to be there before a term is. */
function parentsIn({ spec: { affinity } }: Pod): readonly PatchOperation[] {
  const nodeAffinity = affinity?.nodeAffinity;
  return [
    ...(affinity == null ? [add(AFFINITY, {})] : []),
    ...(nodeAffinity == null ? [add(NODE_AFFINITY, {})] : []),
    ...(nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution == null
      ? [add(PREFERRED, [])]
      : []),
  ];
}

import type { Toleration } from './pod.ts';

/** `nvidia.com/gpu:NoSchedule`, `sku=gpu:NoSchedule`, `node.kubernetes.io/not-ready:NoExecute for 300s`. */
export function tolerationInWords(toleration: Toleration): string {
  const { key = '*', operator = 'Equal', value = '', effect = '*', tolerationSeconds } = toleration;
  const match = operator === 'Equal' && value !== '' ? `${key}=${value}` : key;
  const seconds = tolerationSeconds === undefined ? '' : ` for ${tolerationSeconds}s`;
  return `${match}:${effect}${seconds}`;
}

/**
 * True when `held` already tolerates everything that `wanted` would, for at least as long. An
 * operator that this code does not know (`Lt`, `Gt`, or a later one) covers nothing.
 */
export function covers(held: Toleration, wanted: Toleration): boolean {
  return coversKey(held, wanted) && coversEffect(held, wanted) && coversSpan(held, wanted);
}

/** What keeps pods away from a node. */
export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** True when one of the tolerations lets a pod onto a node with this taint. */
export function isTolerated(
  { key, value, effect }: Taint,
  tolerations: readonly Toleration[],
): boolean {
  return tolerations.some((held) => covers(held, { key, operator: 'Equal', value, effect }));
}

function coversKey(held: Toleration, wanted: Toleration): boolean {
  const heldOperator = held.operator || 'Equal';
  if (heldOperator === 'Exists') return !held.key || held.key === wanted.key;
  return (
    heldOperator === 'Equal' &&
    (wanted.operator || 'Equal') === 'Equal' &&
    held.key === wanted.key &&
    (held.value ?? '') === (wanted.value ?? '')
  );
}

function coversEffect(held: Toleration, wanted: Toleration): boolean {
  return !held.effect || held.effect === wanted.effect;
}

function coversSpan(held: Toleration, wanted: Toleration): boolean {
  if (wanted.effect !== 'NoExecute' || held.tolerationSeconds === undefined) return true;
  return (
    wanted.tolerationSeconds !== undefined && held.tolerationSeconds >= wanted.tolerationSeconds
  );
}

/** Taints that say "keep away" for a reason no device pod should overrule, and what each means. */
const NEVER_TOLERATED: readonly { readonly pattern: RegExp; readonly meaning: string }[] = [
  { pattern: /^node\.kubernetes\.io\/unschedulable$/, meaning: 'an admin has cordoned the node' },
  { pattern: /^node\.kubernetes\.io\/out-of-service$/, meaning: 'the node is shut down' },
  { pattern: /^node\.kubernetes\.io\/.*-pressure$/, meaning: 'the node is out of a resource' },
  { pattern: /^node\.kubernetes\.io\/network-unavailable$/, meaning: 'the node has no network' },
  {
    pattern: /^node-role\.kubernetes\.io\/(control-plane|master)$/,
    meaning: 'it guards the control plane',
  },
  { pattern: /^readiness\.k8s\.io\//, meaning: 'the node is not ready for its devices' },
  {
    pattern: /^(ToBeDeletedByClusterAutoscaler|DeletionCandidateOfClusterAutoscaler)$/,
    meaning: 'the node is about to be removed',
  },
  { pattern: /^karpenter\.sh\//, meaning: 'the node is about to be removed' },
];

/**
 * Why this toleration must not be given to every device pod, or `undefined` when it may be.
 */
export function dangerOf(toleration: Toleration): string | undefined {
  const { key = '', effect = '', tolerationSeconds } = toleration;
  if (key === '') {
    return 'it has no key, so it would tolerate every taint there is; name the taint, such as nvidia.com/gpu';
  }
  const never = NEVER_TOLERATED.find(({ pattern }) => pattern.test(key));
  if (never !== undefined) {
    return `the taint ${key} says that ${never.meaning}, which no device pod should overrule; remove it`;
  }
  if (effect === '') {
    return 'it has no effect, so it would also switch off eviction; write effect: NoSchedule';
  }
  if (effect === 'NoExecute' && tolerationSeconds === undefined) {
    return 'NoExecute without tolerationSeconds keeps a pod on a broken node for ever; add tolerationSeconds';
  }
  return undefined;
}

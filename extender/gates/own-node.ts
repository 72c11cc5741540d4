import { isTolerated, type Taint } from '../../webhook/words/toleration.ts';
import type { NodeFacts, PodFacts } from '../facts/facts.ts';

/** What is known of how a slot left its node. */
export interface Left {
  /** Whether the device that it had there broke. */
  readonly isBroken: boolean;
  /** What the pod that left asked of its node; see `wishesOf`. */
  readonly wishes: string | undefined;
}

/** Why a pod should not go back to the node that its slot left, whatever that costs; `undefined` where it may. */
export function whyUnfit(
  pod: PodFacts,
  { isBroken, wishes }: Left,
  node: NodeFacts,
): string | undefined {
  if (isBroken) return 'the device that its slot had there is broken';
  const { name, isReady, isCordoned, taints, softTaints = [] } = node;
  if (!isReady) return `its own node ${name} is not ready`;
  if (isCordoned) return `its own node ${name} is cordoned`;
  const { choice, tolerations = [] } = pod.schedulingConstraints ?? {};
  const keepsAway = (taint: Taint) => !isTolerated(taint, tolerations);
  if (taints.some(keepsAway)) return `it does not tolerate a taint of its own node ${name}`;
  if (choice?.kind === 'one') {
    return choice.node === name ? undefined : `it is pinned to ${choice.node} by ${choice.by}`;
  }
  // With one node to look at the scheduler does not weigh what is only wished for.
  if (softTaints.some(keepsAway)) return `pods avoid its own node ${name}`;
  return pod.wishes === undefined || pod.wishes === wishes
    ? undefined
    : 'it asks for other nodes than the pod before it';
}

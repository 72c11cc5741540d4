import { countAsked, type NodeFacts, type PodFacts } from '../facts/facts.ts';

/**
 * True when more devices were bound to the node than it offers, the rejected pod among them: two
 * schedulers chose the same device, and the kubelet refused the later pod. Seen on 5 to 21 of 300
 * nodes in bursts of 200 to 280 pods (1.37.2); it is nobody's fault, least of all the node's.
 */
export function isSchedulingRace(
  rejected: PodFacts,
  node: NodeFacts,
  holding: Iterable<PodFacts>,
): boolean {
  const others = [...holding].filter(({ uid }) => uid !== rejected.uid);
  return rejected.devices.resources.some(({ resource, count }) => {
    const bound = others.reduce((sum, pod) => sum + countAsked(pod, resource), count);
    return bound > (node.devices.get(resource)?.allocatable ?? 0);
  });
}

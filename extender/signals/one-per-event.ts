import { type Finding, findingFrom } from './finding.ts';

/** Marks of one event are written within this time (judgement). */
const AT_ONCE_SECONDS = 60;

/**
 * The findings about devices, with those joined that are one event: a writer that does not know which device it was puts
 * the same mark on all devices of the node at once. Of which device that is, is not told. `devices`: how many devices
 * of a resource the node has, or of dynamic resource allocation for none.
 */
export function onePerEvent(
  findings: readonly Finding[],
  devices: (resource: string | undefined) => number,
): readonly Finding[] {
  const unique = new Map(findings.map((finding) => [finding.key, finding]));
  const groups = Map.groupBy(unique.values(), groupOf);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const named = new Set(group.flatMap(({ device = [] }) => device));
    const isOfAll = named.size > 1 && named.size >= devices(first?.resource);
    return first !== undefined && isOfAll && areAtOnce(group) ? [withoutDevice(first)] : group;
  });
}

/** Findings that only differ in their device. */
function groupOf({ key, device }: Finding): string {
  return key
    .split('|')
    .filter((part) => part !== device)
    .join('|');
}

function areAtOnce(group: readonly Finding[]): boolean {
  const times = group.flatMap(({ sinceSeconds = [] }) => sinceSeconds);
  return times.length === 0 || Math.max(...times) - Math.min(...times) <= AT_ONCE_SECONDS;
}

function withoutDevice(finding: Finding): Finding {
  const { row, worth, code, resource, sinceSeconds, words } = finding;
  return {
    ...findingFrom(
      { row, worth, ...(code !== undefined && { code }) },
      { ordinal: 'all', ...(resource !== undefined && { resource }) },
      sinceSeconds,
    ),
    ...(words !== undefined && { words }),
  };
}

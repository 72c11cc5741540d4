import { inNaturalOrder } from '../../webhook/words/natural-order.ts';
import { inTurns } from '../bounds/in-turns.ts';
import type { PodFacts } from '../facts/facts.ts';
import { timeOf } from '../facts/timestamp.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { ShownAway, ShownJob, ShownPodPlace, ShownPods } from './shapes.ts';
import { shownPlace } from './shown.ts';

/** More are not read by anybody: they narrow the search. */
const MOST_PODS = 200;

/** Device pods whose name, node or workload has the text in it; those that wait come first. */
export async function podsFound(
  search: string,
  { cluster, nowSeconds }: Snapshot,
): Promise<ShownPods> {
  const text = search.trim().toLowerCase();
  const fits = ({ namespace, name, node = '', slot }: PodFacts) =>
    [`${namespace}/${name}`, node, slot.workload].some((one) => one.toLowerCase().includes(text));
  const looked = await inTurns(cluster.pods(), (pod) => (text === '' || fits(pod) ? [pod] : []));
  const found = looked.flat();
  const waiting = found.filter(({ node }) => node === undefined);
  const placed = found.filter(({ node }) => node !== undefined);
  return {
    at: timeOf(nowSeconds),
    count: found.length,
    pods: [...waiting, ...placed].slice(0, MOST_PODS).map(shownPlace).sort(waitingFirst),
  };
}

/** The pods of a workload, and its slots that are away. */
export function shownJob(job: string, { cluster, homes, nowSeconds }: Snapshot): ShownJob {
  const pods = [...cluster.pods()].filter(({ slot }) => slot.workload === job);
  const away = [...cluster.nodes()].flatMap(({ name }) =>
    homes
      .on(name, nowSeconds)
      .filter(({ slot }) => slot.workload === job)
      .map(
        ({ slot, node, cause, atSeconds, homeUntilSeconds }): ShownAway => ({
          slot: slot.key,
          node,
          cause,
          leftAt: timeOf(atSeconds),
          homeUntil: timeOf(homeUntilSeconds),
        }),
      ),
  );
  return {
    at: timeOf(nowSeconds),
    job,
    pods: pods.map(shownPlace).sort(waitingFirst),
    away: away.sort((a, b) => inNaturalOrder(a.slot, b.slot)),
  };
}

function waitingFirst(a: ShownPodPlace, b: ShownPodPlace): number {
  return (
    Number(a.node !== undefined) - Number(b.node !== undefined) || inNaturalOrder(a.name, b.name)
  );
}

import { counted } from '../../webhook/words/counted.ts';
import { deviceTimeInWords } from '../../webhook/words/device-time.ts';
import { spanInWords } from '../../webhook/words/duration.ts';
import { gangOf } from '../../webhook/words/gang.ts';
import { inNaturalOrder } from '../../webhook/words/natural-order.ts';
import { inTurns } from '../bounds/in-turns.ts';
import { costOfInterrupting } from '../drains/drain-advice.ts';
import { interruptedJob } from '../drains/interrupted-job.ts';
import { countAskedInAll, holdsDevices, type PodFacts } from '../facts/facts.ts';
import { timeOf } from '../facts/timestamp.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { ShownAway, ShownJob, ShownPodPlace, ShownPods } from './shapes.ts';
import { shownPlace } from './shown.ts';

/** More are not read by anybody: they narrow the search. */
const MOST_PODS = 200;
/** The largest jobs that are known have 512. */
const MOST_OF_A_JOB = 600;

/** Device pods whose name, node or workload has the text in it, or the one of a name; those that wait come first. */
export async function podsFound(
  { search, pod: wanted }: { readonly search: string; readonly pod?: string | undefined },
  { cluster, nowSeconds }: Snapshot,
): Promise<ShownPods> {
  const text = search.trim().toLowerCase();
  const fits = ({ namespace, name, node = '', slot }: PodFacts) =>
    [`${namespace}/${name}`, node, slot.workload].some((one) => one.toLowerCase().includes(text));
  const isWanted = (pod: PodFacts) =>
    wanted === undefined ? text === '' || fits(pod) : `${pod.namespace}/${pod.name}` === wanted;
  const looked = await inTurns(cluster.pods(), (pod) => (isWanted(pod) ? [pod] : []));
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
export async function shownJob(
  job: string,
  { cluster, homes, nowSeconds }: Snapshot,
): Promise<ShownJob> {
  const looked = await inTurns(cluster.pods(), (pod) => (pod.slot.workload === job ? [pod] : []));
  const pods = looked.flat();
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
    count: pods.length,
    ...restartOf(pods, nowSeconds),
    pods: pods.slice(0, MOST_OF_A_JOB).map(shownPlace).sort(waitingFirst),
    away: away.slice(0, MOST_OF_A_JOB).sort((a, b) => inNaturalOrder(a.slot, b.slot)),
  };
}

/** A gang loses the work of all its pods at once; of others each restarts by itself. */
function restartOf(pods: readonly PodFacts[], nowSeconds: number): Pick<ShownJob, 'restart'> {
  const running = pods.filter((pod) => holdsDevices(pod) && !pod.isTerminating);
  const [first] = running;
  if (first === undefined) return {};
  const isGang = gangOf(first.slot) !== undefined;
  const together = isGang ? running : [first];
  const devices = together.reduce((sum, pod) => sum + countAskedInAll(pod), 0);
  const job = { ...interruptedJob(first, nowSeconds), devices };
  const cost = deviceTimeInWords(costOfInterrupting(job, 0));
  const who = isGang ? 'A restart now' : 'A restart of one of its pods now';
  const undone = job.accumulates ? `${undoneInWords(job)} and ` : '';
  const words = `${who} costs about ${cost}: ${undone}${spanInWords(job.restartSeconds)} to start again, on ${counted(devices, 'device')}.`;
  return { restart: words };
}

function undoneInWords({
  checkpointSeconds,
  ranSeconds,
}: ReturnType<typeof interruptedJob>): string {
  return checkpointSeconds === undefined || ranSeconds < checkpointSeconds
    ? `the ${spanInWords(ranSeconds)} it has worked without a checkpoint`
    : `half of its ${spanInWords(checkpointSeconds)} between checkpoints`;
}

function waitingFirst(a: ShownPodPlace, b: ShownPodPlace): number {
  return (
    Number(a.node !== undefined) - Number(b.node !== undefined) || inNaturalOrder(a.name, b.name)
  );
}

import { spanInWords } from '../../webhook/words/duration.ts';
import type { Reason } from '../../webhook/words/reason.ts';
import { fewestDomains, type Level } from './gang-levels.ts';
import type { Member, Siblings } from './gang-member.ts';

/**
 * That a scattered job, which starts again, is gathered in fewer domains; `undefined` where that saves less than coming
 * home does.
 */
export function gathering(
  staying: readonly Level[],
  gathered: readonly Level[],
  siblings: Siblings,
  member: Member,
): Reason | undefined {
  const saved = savedByGathering(staying, gathered, siblings);
  const cost = gatheringSeconds(member);
  return saved > cost ? gatheringInWords(staying, gathered, saved, cost) : undefined;
}

/** Seconds that the job would lose in the domains of its homes and not when it is gathered. */
function savedByGathering(
  staying: readonly Level[],
  gathered: readonly Level[],
  siblings: Siblings,
): number {
  return staying.reduce((sum, stay, at) => {
    const gather = gathered[at] as Level;
    const needed = gather.used + gather.losses.fewestMore;
    const fewest = fewestDomains(siblings.bound.size + siblings.left, stay.domains);
    const isSpared = stay.used > fewest && needed <= fewest;
    const racksSeconds = Math.max(0, stay.used - needed) * stay.averageSeconds;
    return sum + racksSeconds + (isSpared ? stay.slowdownSeconds : 0);
  }, 0);
}

/** Seconds that the job, which waits for its slowest member, may lose by not going home: as if all images had to come. */
function gatheringSeconds({ pod, expectations, snapshot }: Member): number {
  const { cluster, config } = snapshot;
  const bytes = pod.images.reduce(
    (sum, image) => sum + (cluster.images.bytesOf(image) ?? cluster.images.averageBytes),
    0,
  );
  return expectations.coldStartSeconds + bytes / config.pullBytesPerSecond;
}

function gatheringInWords(
  [stay]: readonly Level[],
  [gather]: readonly Level[],
  saved: number,
  cost: number,
): Reason {
  const from = stay?.used ?? 0;
  const to = (gather?.used ?? 0) + (gather?.losses.fewestMore ?? 0);
  const one = stay?.label === undefined ? ['rack', 'racks'] : ['domain', 'domains'];
  const what = to === 1 ? one[0] : one[1];
  return {
    code: 'GathersJob',
    words: `the job is gathered in ${to} ${what} in the place of ${from}: that saves ${spanInWords(saved)} and costs at most ${spanInWords(cost)}, so homes do not count`,
  };
}

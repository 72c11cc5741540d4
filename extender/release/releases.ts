import { z } from 'zod';
import { parseJsonText } from '../../certs/serving/json.ts';
import { spanInWords } from '../../webhook/words/duration.ts';
import { beginningOf } from '../bounds/cut-text.ts';
import { type Budget, MOST_WITHIN_SECONDS, type ReleaseSettings } from './settings.ts';

const releaseSchema = z.object({
  uid: z.string(),
  namespace: z.string(),
  name: z.string(),
  slot: z.string(),
  owner: z.string(),
  node: z.string(),
  resource: z.string().optional(),
  device: z.string().optional(),
  kind: z.enum(['brokenDevice', 'crashLoop']),
  /** `evicting`: decided, and perhaps asked for; `withdrawn`: it came to nothing. */
  how: z.enum(['observed', 'advised', 'evicting', 'evicted', 'withdrawn']),
  atSeconds: z.number(),
  words: z.string(),
  /** The best other node, and what it was to save. */
  better: z.string(),
  gainSeconds: z.number(),
  /** How long the pod's slot is not released again. */
  againSeconds: z.number(),
  judged: z.enum(['right', 'wrong', 'unknown']).optional(),
  judgedWords: z.string().optional(),
});

/** One verdict about one pod, as it is kept. */
export type Release = Readonly<z.output<typeof releaseSchema>>;

/** As much of a name as is kept: two that begin alike for so long count as one. */
const LONGEST_NAME = 200;

export function keptName(name: string): string {
  return beginningOf(name, LONGEST_NAME);
}

/** A ConfigMap takes 1 MiB; tenants choose names, each letter of which may take six bytes in JSON. */
const MOST_BYTES = 512 * 1024;
export const MOST_RELEASES = 500;
/** What is stored, read; `undefined` where it cannot be, and then nothing may be released. */
export function releasesIn(text: string | undefined): readonly Release[] | undefined {
  if (text === undefined || text === '') return [];
  return z.array(releaseSchema).safeParse(parseJsonText(text)).data;
}

/**
 * The verdicts with one more, or with another in the place of that of its pod; the oldest first. Where there are too many,
 * those that were only said go first: budgets go by what was evicted.
 */
export function withRelease(
  releases: readonly Release[],
  release: Release,
  nowSeconds: number,
): readonly Release[] {
  const at = releases.findIndex(({ uid }) => uid === release.uid);
  const all = at < 0 ? [...releases, release] : releases.with(at, release);
  const young = all.filter(({ atSeconds }) => nowSeconds - atSeconds <= MOST_WITHIN_SECONDS);
  const sizes = new Map(young.map((one) => [one, Buffer.byteLength(JSON.stringify(one)) + 1]));
  let bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const dropped = new Set<Release>();
  const inTurn = [...young.filter((one) => !isEviction(one)), ...young.filter(isEviction)];
  for (const one of inTurn) {
    if (young.length - dropped.size <= MOST_RELEASES && bytes <= MOST_BYTES) break;
    dropped.add(one);
    bytes -= sizes.get(one) ?? 0;
  }
  return young.filter((one) => !dropped.has(one));
}

/** A pod that is to be released, as budgets count, and what is to be done with it. */
export type Released = Pick<Release, 'uid' | 'namespace' | 'slot' | 'owner' | 'node' | 'how'>;

function isEviction({ how }: Pick<Release, 'how'>): boolean {
  return how === 'evicting' || how === 'evicted';
}

/**
 * Which budget a release would break, or that its slot was released a short time ago; `undefined` where neither is.
 * What is only said has the same budgets, by what was only said: it is what would be done.
 */
export function overBudget(
  of: Released,
  releases: readonly Release[],
  { budgets }: Pick<ReleaseSettings, 'budgets'>,
  nowSeconds: number,
): string | undefined {
  const others = releases.filter(
    (release) =>
      release.uid !== of.uid && (isEviction(of) ? isEviction(release) : release.how === of.how),
  );
  const again = others.findLast(
    ({ slot, atSeconds, againSeconds }) =>
      slot === of.slot && nowSeconds - atSeconds < againSeconds,
  );
  if (again !== undefined) {
    return `its slot was released ${spanInWords(nowSeconds - again.atSeconds)} ago from ${again.node}, and is not released twice within ${spanInWords(again.againSeconds)}`;
  }
  const spent = (budget: Budget, isOf: (release: Release) => boolean, whose: string) => {
    const { most, withinSeconds } = budget;
    const count = others.filter(
      (release) => isOf(release) && nowSeconds - release.atSeconds < withinSeconds,
    ).length;
    return count < most
      ? undefined
      : `the budget of ${whose} is spent: ${count} of ${most} in ${spanInWords(withinSeconds)}`;
  };
  return (
    spent(budgets.node, ({ node }) => node === of.node, `node ${of.node}`) ??
    spent(budgets.owner, ({ owner }) => owner === of.owner, of.owner) ??
    spent(
      budgets.namespace,
      ({ namespace }) => namespace === of.namespace,
      `namespace ${of.namespace}`,
    ) ??
    spent(budgets.cluster, () => true, 'the cluster')
  );
}

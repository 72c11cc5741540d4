import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { deviceTimeInWords } from '../../../webhook/words/device-time.ts';
import { durationSeconds, spanInWords } from '../../../webhook/words/duration.ts';
import type { DrainAdvice, DrainTime } from '../../drains/drain-advice.ts';
import type { ShownDrains } from '../../page/shapes.ts';
import { type Column, type ListForms, listText, type OutputForm } from '../terminal/list.ts';
import { print } from '../terminal/print.ts';
import { answerAt, askPages, type PageOptions } from './extender-pages.ts';
import { requireNode } from './known-fleet.ts';
import { selectedNodes } from './selected-nodes.ts';

export interface DrainOrderOptions extends PageOptions {
  readonly all?: boolean;
  readonly selector?: string;
  /** How long the work takes, and how long a broken device would stay so otherwise: durations as people write them. */
  readonly takes: string;
  readonly stays: string;
  readonly output: OutputForm;
}

/** Prints when each node is best taken, the cheapest first; `names`: only these. Only a running extender can tell. */
export async function drainOrder(
  names: readonly string[],
  options: DrainOrderOptions,
): Promise<void> {
  const { all = false, selector, takes, stays, output } = options;
  requireDuration('--takes', takes);
  requireDuration('--stays', stays);
  const selected = await selectedNodes(selector, options);
  // Whoever names a node wants to know of it, whole or broken.
  const isEvery = all || names.length > 0;
  const query = new URLSearchParams({ takes, stays, all: String(isEvery) });
  const answer = await askPages(options, (page) =>
    answerAt<ShownDrains>(page, `drain-order?${query}`),
  );
  const nodes = answer?.nodes ?? [];
  for (const name of names) {
    if (nodes.every(({ node }) => node !== name)) await requireNode(name, options);
  }
  const wanted = nodes.filter(
    ({ node }) =>
      (names.length === 0 || names.includes(node)) &&
      (selected === undefined || selected.has(node)),
  );
  print(
    listText(wanted, FORMS, {
      output,
      none: isEvery
        ? 'none of these nodes has devices'
        : 'no node has a broken device; --all tells of every node, such as for a new driver',
    }),
  );
}

function requireDuration(flag: string, text: string): void {
  if (durationSeconds(text) !== undefined) return;
  throw new WrongCall(`${flag}: "${text}" is not a duration; write one such as 15m or 30d`);
}

const COLUMNS: readonly Column<DrainAdvice>[] = [
  { title: 'NODE', cell: ({ node }) => node, isText: true },
  { title: 'BROKEN', cell: ({ broken }) => String(broken) },
  { title: 'WHEN', cell: ({ best }) => whenInWords(best), isText: true },
  { title: 'COSTS', cell: ({ best }) => deviceTimeInWords(best.costDeviceSeconds), isText: true },
  { title: 'NOW', cell: ({ times }) => costOf(times[0]), isWide: true, isText: true },
  {
    title: 'WHEN IDLE',
    cell: ({ times }) => costOf(times.find(({ when }) => when === 'idle')),
    isWide: true,
    isText: true,
  },
  {
    title: 'NEVER',
    cell: ({ times }) => costOf(times.find(({ when }) => when === 'never')),
    isWide: true,
    isText: true,
  },
  { title: 'WHY', cell: ({ words }) => words, isText: true },
];

const FORMS: ListForms<DrainAdvice> = {
  kind: 'node',
  name: ({ node }) => node,
  columns: COLUMNS,
  version: ({ best }) => best.when,
};

function whenInWords({ when, inSeconds, job = '' }: DrainTime): string {
  switch (when) {
    case 'now':
    case 'never':
      return when;
    case 'after':
      return `after ${job}`;
    case 'idle':
      return inSeconds === 0 ? 'now (idle)' : `idle, in ${spanInWords(inSeconds)}`;
  }
}

function costOf(time: DrainTime | undefined): string {
  return time === undefined ? '-' : deviceTimeInWords(time.costDeviceSeconds);
}

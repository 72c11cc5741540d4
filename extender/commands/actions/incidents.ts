import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { durationSeconds } from '../../../webhook/words/duration.ts';
import { wholeSecond } from '../../facts/timestamp.ts';
import type { ShownHostIncident } from '../../page/shapes.ts';
import { agoInWords } from '../terminal/ago.ts';
import { type Column, type ListForms, type OutputForm, printList } from '../terminal/list.ts';
import type { PageOptions } from './extender-pages.ts';
import { knownIncidents, requireNode } from './known-fleet.ts';

export interface IncidentsOptions extends PageOptions {
  readonly since: string;
  readonly open?: boolean;
  /** Of this node only. */
  readonly node?: string;
  readonly watch?: boolean;
  readonly output: OutputForm;
}

interface Row extends ShownHostIncident {
  /** The extender's time. */
  readonly at: string;
}

/** Prints the incidents of all hosts, the latest first. */
export async function incidents(options: IncidentsOptions): Promise<void> {
  const { since, open = false, node, watch = false, output } = options;
  if (durationSeconds(since) === undefined) {
    throw new WrongCall(`--since: "${since}" is not a duration; write one such as 7d or 12h`);
  }
  await printList(
    async () => {
      const { at, incidents: all } = await knownIncidents({ since, open }, options);
      const found = all.filter((one) => node === undefined || one.node === node);
      if (found.length === 0 && node !== undefined) await requireNode(node, options);
      return found.map((one) => ({ ...one, at }));
    },
    FORMS,
    {
      output,
      isWatched: watch,
      none: open ? 'no incident is open' : `no incident in the last ${since}`,
    },
  );
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'OPENED', cell: ({ openedAt, at }) => agoInWords(openedAt, at), isText: true },
  { title: 'AT', cell: ({ openedAt }) => wholeSecond(openedAt), isWide: true, isText: true },
  { title: 'NODE', cell: ({ node }) => node, isText: true },
  { title: 'DEVICE', cell: ({ device = '-' }) => device, isText: true },
  {
    title: 'STATE',
    cell: ({ closedAt, at }) =>
      closedAt === undefined ? 'open' : `closed ${agoInWords(closedAt, at)}`,
    isText: true,
  },
  { title: 'CLASS', cell: (one) => one.class, isWide: true, isText: true },
  { title: 'WEIGHT', cell: ({ weight }) => weight.toFixed(2) },
  { title: 'WHAT', cell: ({ evidence }) => evidence.join('; '), isText: true },
  {
    title: 'LOWERED BY',
    cell: ({ discounts }) => discounts.join('; ') || '-',
    isWide: true,
    isText: true,
  },
];

const FORMS: ListForms<Row> = {
  kind: 'incident',
  name: ({ node, openedAt }) => `${node}/${openedAt}`,
  columns: COLUMNS,
  version: ({ device, closedAt, weight, evidence }) =>
    [device, closedAt, weight, ...evidence].join(),
};

import { inNaturalOrder } from '../../../webhook/words/natural-order.ts';
import { agoInWords } from '../terminal/ago.ts';
import { type Column, type ListForms, type OutputForm, printList } from '../terminal/list.ts';
import type { PageOptions } from './extender-pages.ts';
import { type KnownSummary, knownNodes } from './known-fleet.ts';
import { selectedNodes } from './selected-nodes.ts';

export interface NodesOptions extends PageOptions {
  /** Only nodes with a broken device, a hazard above the normal, or that are not ready. */
  readonly bad?: boolean;
  readonly sort: 'worst' | 'name' | 'faults';
  readonly selector?: string;
  readonly watch?: boolean;
  readonly output: OutputForm;
}

interface Row extends KnownSummary {
  /** The extender's time. */
  readonly at: string;
}

/** Prints the nodes, the worst first. */
export async function nodes(options: NodesOptions): Promise<void> {
  const { bad = false, sort, selector, watch = false, output } = options;
  const selected = await selectedNodes(selector, options);
  await printList(
    async () => {
      const { at, nodes: all } = await knownNodes(options);
      return all
        .filter(({ node }) => selected === undefined || selected.has(node))
        .filter((node) => !bad || isBad(node))
        .toSorted(ORDERS[sort])
        .map((node) => ({ ...node, at }));
    },
    FORMS,
    {
      output,
      isWatched: watch,
      none: bad ? 'no node has a broken device or a raised hazard' : 'there are no nodes',
    },
  );
}

function isBad({ bad = 0, open, hazard, state = 'ready' }: KnownSummary): boolean {
  return (
    bad > 0 || open > 0 || state === 'not ready' || (hazard !== undefined && hazard !== 'normal')
  );
}

const ORDERS: Readonly<Record<NodesOptions['sort'], (a: KnownSummary, b: KnownSummary) => number>> =
  {
    // As they come.
    worst: () => 0,
    name: (a, b) => inNaturalOrder(a.node, b.node),
    faults: (a, b) => b.faults - a.faults,
  };

const UNKNOWN = '?';

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NODE', cell: ({ node }) => node, isText: true },
  { title: 'STATE', cell: ({ state = UNKNOWN }) => state, isText: true },
  { title: 'DEVICES', cell: ({ devices = UNKNOWN }) => String(devices) },
  { title: 'BROKEN', cell: ({ bad = UNKNOWN }) => String(bad) },
  { title: 'BUSY', cell: ({ busy = UNKNOWN }) => String(busy), isWide: true },
  { title: 'HAZARD', cell: hazardCell, isText: true },
  { title: 'FAULTS', cell: ({ faults }) => String(faults) },
  { title: 'OPEN', cell: ({ open }) => String(open), isWide: true },
  {
    title: 'LAST FAULT',
    cell: ({ lastFaultAt, at }) => (lastFaultAt === undefined ? '-' : agoInWords(lastFaultAt, at)),
    isText: true,
  },
  { title: 'AWAY', cell: ({ away }) => String(away), isWide: true },
  { title: 'RACK', cell: ({ rack = '-' }) => rack, isWide: true, isText: true },
  { title: 'MODEL', cell: ({ model = '-' }) => model, isWide: true, isText: true },
  { title: 'DRIVER', cell: ({ driver = '-' }) => driver, isWide: true, isText: true },
  { title: 'WHY', cell: ({ words = '' }) => words, isText: true },
];

const FORMS: ListForms<Row> = {
  kind: 'node',
  name: ({ node }) => node,
  columns: COLUMNS,
  version: ({ state, devices, bad, hazard, faults, open, away }) =>
    [state, devices, bad, hazard, faults, open, away].join(),
};

/** `high`, and how many times the fleet's rate that is. */
function hazardCell({ hazard, times = 0 }: KnownSummary): string {
  if (hazard === undefined) return UNKNOWN;
  return hazard === 'normal' ? hazard : `${hazard} (${times} x)`;
}

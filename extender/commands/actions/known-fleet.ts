import { closestMatch } from 'leven';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { durationSeconds } from '../../../webhook/words/duration.ts';
import { inNaturalOrder } from '../../../webhook/words/natural-order.ts';
import { timeOf } from '../../facts/timestamp.ts';
import type { HostHistory } from '../../history/host-history.ts';
import { hostIncidents, latestFirst } from '../../page/incident-list.ts';
import type {
  ShownFleet,
  ShownIncidents,
  ShownNode,
  ShownNodeSummary,
  ShownNodes,
} from '../../page/shapes.ts';
import { shownFaults, shownHistory, shownHome } from '../../page/shown.ts';
import { complain } from '../terminal/print.ts';
import { answerAt, askPages, NoExtender, type PageOptions } from './extender-pages.ts';
import { storedHistories } from './stored-histories.ts';

/** Of a node that is known from its stored history alone: nothing of what only an extender sees. */
export type KnownSummary = Pick<ShownNodeSummary, 'node' | 'host' | 'faults' | 'open' | 'away'> &
  Partial<ShownNodeSummary>;

/** The same of everything about one node. */
export type KnownNode = Pick<ShownNode, 'node' | 'host' | 'incidents' | 'ignored' | 'homeOf'> &
  Partial<ShownNode>;

/** A node with what a list shows of it, at the extender's time. */
export interface OneNode {
  readonly at: string;
  readonly node: KnownNode;
  readonly summary: KnownSummary;
}

export interface KnownNodes {
  /** The extender's time. */
  readonly at: string;
  readonly nodes: readonly KnownSummary[];
}

export interface IncidentsAsked {
  /** Such as `7d`. */
  readonly since: string;
  readonly open: boolean;
}

/** All nodes, the worst first; those with a stored history where no extender runs. */
export function knownNodes(options: PageOptions): Promise<KnownNodes> {
  return orStored<KnownNodes>(
    options,
    async (page) => whole(await answerAt<ShownFleet>(page, 'fleet')),
    (histories, nowSeconds) => ({
      at: timeOf(nowSeconds),
      nodes: histories
        .filter(({ node }) => node !== '')
        .map(summaryOf)
        .sort((a, b) => b.open - a.open || b.faults - a.faults || inNaturalOrder(a.node, b.node)),
    }),
  );
}

/** One node; `undefined` where nobody knows one of that name. */
export function knownNode(name: string, options: PageOptions): Promise<OneNode | undefined> {
  return orStored(
    options,
    async (page) => {
      const answer = whole(
        await answerAt<ShownNodes>(page, `nodes?node=${encodeURIComponent(name)}`),
      );
      const [node] = answer.nodes;
      const [summary] = answer.summaries ?? [];
      return node === undefined || summary === undefined
        ? undefined
        : { at: answer.at, node, summary };
    },
    (histories, nowSeconds) => {
      const history = histories.find(({ node }) => node === name);
      return history === undefined
        ? undefined
        : {
            at: timeOf(nowSeconds),
            node: nodeOf(history, nowSeconds),
            summary: summaryOf(history),
          };
    },
  );
}

/** One node that somebody knows. Throws WrongCall where nobody does, with the name that is nearest. */
export async function requireNode(name: string, options: PageOptions): Promise<OneNode> {
  const found = await knownNode(name, options);
  if (found !== undefined) return found;
  const { nodes } = await knownNodes(options);
  const near = closestMatch(
    name,
    nodes.map(({ node }) => node),
    { maxDistance: MOST_SLIPS },
  );
  throw new WrongCall(
    `no node "${name}" is known; ${near === undefined ? '' : `did you mean ${near}? `}surefoot nodes lists those that are`,
  );
}

/** Two slips at the most. */
const MOST_SLIPS = 2;

/** Incidents of all hosts, the latest first. */
export function knownIncidents(
  { since, open }: IncidentsAsked,
  options: PageOptions,
): Promise<ShownIncidents> {
  return orStored(
    options,
    async (page) =>
      whole(
        await answerAt<ShownIncidents>(
          page,
          `incidents?since=${encodeURIComponent(since)}&open=${open}`,
        ),
      ),
    (histories, nowSeconds) => {
      const filter = {
        sinceSeconds: nowSeconds - (durationSeconds(since) ?? 0),
        onlyOpen: open,
      };
      const incidents = histories.flatMap((history) =>
        hostIncidents(history, history.node, filter, nowSeconds),
      );
      return { at: timeOf(nowSeconds), incidents: [...latestFirst(incidents)] };
    },
  );
}

/** Asks the extenders; where none runs, goes by what is stored, and says so. */
async function orStored<T>(
  options: PageOptions,
  ask: (page: string) => Promise<T | undefined>,
  from: (histories: readonly HostHistory[], nowSeconds: number) => T,
): Promise<T> {
  try {
    return (await askPages(options, ask)) as T;
  } catch (error) {
    if (!(error instanceof NoExtender)) throw error;
    const { histories, nowSeconds } = await storedHistories(options);
    complain(
      `${error.message}; this is from the DeviceHistory objects: no hazards, no states of nodes, no pods`,
    );
    return from(histories, nowSeconds);
  }
}

function summaryOf(history: HostHistory): KnownSummary {
  const { node, host, departures } = history;
  return { node, host, ...shownFaults(history), away: departures.length };
}

function nodeOf(history: HostHistory, nowSeconds: number): KnownNode {
  const { node, host, departures } = history;
  return {
    node,
    host,
    ...shownHistory(history, nowSeconds),
    homeOf: departures.map(shownHome),
  };
}

/** What an extender of this version answers is whole. */
function whole<T extends object>(answer: Partial<T>): T {
  return answer as T;
}

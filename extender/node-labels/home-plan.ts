import { homeLabelOf } from '../../webhook/words/home-label.ts';
import type { Departure } from '../homes/departure.ts';

/** Which nodes are to be labelled as homes, for schedulers that do not ask us. */

/** A node with the labels of homes that it has, and the slots that are to come back to it. */
export interface HomeNode {
  readonly name: string;
  readonly labelled: readonly string[];
  readonly away: readonly Departure[];
}

/** Labels that a node is to get and to lose; it has at least one of them. */
export interface HomeChange {
  readonly name: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** More than a node has devices: shared ones by the hundred must not grow the Node without end. */
const MOST_HOMES = 16;

/** The homes that last longest come first: who came and went in a moment waits behind who ran for days. */
export function planHomeLabels(nodes: readonly HomeNode[]): readonly HomeChange[] {
  return nodes
    .map(({ name, labelled, away }) => {
      const lasting = away
        .filter(({ cause }) => cause !== 'device fault')
        .toSorted((a, b) => b.homeUntilSeconds - a.homeUntilSeconds);
      const wanted = new Set(lasting.map(({ slot }) => homeLabelOf(slot.key)).slice(0, MOST_HOMES));
      const added = [...wanted].filter((label) => !labelled.includes(label));
      const removed = labelled.filter((label) => !wanted.has(label));
      const untilSeconds = added.length === 0 ? 0 : (lasting[0]?.homeUntilSeconds ?? 0);
      return { change: { name, added, removed }, untilSeconds };
    })
    .filter(({ change: { added, removed } }) => added.length + removed.length > 0)
    .toSorted((a, b) => b.untilSeconds - a.untilSeconds)
    .map(({ change }) => change);
}
